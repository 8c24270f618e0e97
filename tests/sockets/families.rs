//! IPv4 and IPv6: each address takes its own family, and a bare port takes both.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use super::super::support::{Connection, TestServer, site};

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

fn serving(addresses: &[&str]) -> TestServer {
    let flags = addresses.iter().flat_map(|address| ["--listen-on", address]);
    TestServer::launch(site(&["serve"].into_iter().chain(flags).collect::<Vec<_>>()))
}

#[test]
fn bare_port_is_open_to_both_families() {
    let server = serving(&[":0"]);
    let port = server.addresses()[0].port();
    let hosts: &[SocketAddr] = &[(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()];
    for address in &hosts[..if has_ipv6() { 2 } else { 1 }] {
        Connection::open(*address).get("/").expect(200);
    }
}

/// A port on which both families are free.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap().local_addr().unwrap().port()
}

#[test]
fn unspecified_addresses_stand_side_by_side() {
    if !has_ipv6() {
        return;
    }
    let port = free_port();
    let server = serving(&[&format!("0.0.0.0:{port}"), &format!("[::]:{port}")]);
    for address in [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), (Ipv6Addr::LOCALHOST, port).into()] {
        Connection::open(address).get("/").expect(200);
    }
    assert_eq!(server.addresses().len(), 2);
}

#[test]
fn unspecified_ipv6_address_is_closed_to_ipv4() {
    if !has_ipv6() {
        return;
    }
    let server = serving(&["[::]:0"]);
    let port = server.addresses()[0].port();
    Connection::open((Ipv6Addr::LOCALHOST, port).into()).get("/").expect(200);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}
