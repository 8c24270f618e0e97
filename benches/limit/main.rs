//! `limit ADDRESS RESPONSE`: the yardstick of the benches, which answers every request with the bytes of the file RESPONSE.

#[cfg(target_os = "linux")]
mod replay;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    let (Some(address), Some(file)) = (std::env::args().nth(1), std::env::args().nth(2)) else {
        return Err(std::io::Error::other("usage: limit ADDRESS RESPONSE"));
    };
    let response = std::fs::read(file)?;
    let listener = std::net::TcpListener::bind(address)?;
    eprintln!("limit: {} bytes on http://{}", response.len(), listener.local_addr()?);
    replay::answer_all(listener, &response)
}

#[cfg(not(target_os = "linux"))]
fn main() {
    panic!("limit is an epoll loop, and only Linux has epoll");
}
