//! The command line of `site serve`: flags, environment, addresses, and the one line that refuses bad input.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use super::support::{Dist, TestServer, copy_executable, default_site, is_root, run, site};

/// Asserts that a command ends with an error in one line, which holds all these words.
#[track_caller]
fn refused(command: Command, words: &[&str]) {
    let output: Output = run(command);
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(matches!(output.status.code(), Some(1 | 2)), "{:?}: {message}", output.status);
    let lines: Vec<_> = message.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 1, "not one line:\n{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
    assert!(!message.contains("panicked") && !message.contains("backtrace"), "{message}");
    assert!(output.stdout.is_empty());
}

#[track_caller]
fn refuses(arguments: &[&str], words: &[&str]) {
    refused(site(&[&["serve"], arguments].concat()), words);
}

#[test]
fn port_in_use_is_refused_with_a_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refuses(&["--listen-on", &address], &["--listen-on", &address, "in use"]);
    refuses(&["--listen-on", "127.0.0.1:0", "--listen-on", &address], &["--listen-on", &address]);
}

#[test]
fn bad_addresses_are_refused() {
    for address in [
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:99999",
        "127.0.0.1:http",
        "256.0.0.1:80",
        "[::1]",
        "[::1:80",
        "::1:80x",
        "no host:80",
        "http://127.0.0.1:80",
        "",
        ":",
        "80",
    ] {
        refuses(&["--listen-on", address], &["--listen-on", address]);
    }
    refuses(&["--listen-on", "no-such-host.invalid:80"], &["--listen-on", "no-such-host.invalid:80"]);
}

#[test]
fn address_of_another_machine_is_refused() {
    refuses(&["--listen-on", "192.0.2.1:8080"], &["--listen-on", "192.0.2.1:8080"]);
}

#[test]
fn bad_dist_dirs_are_refused() {
    let dist = Dist::new();
    std::fs::write(dist.beside("file"), "a file").unwrap();
    let path = |name: &str| dist.beside(name).to_str().unwrap().to_owned();
    for name in ["missing", "missing/below", "file", "dist"] {
        let folder = path(name);
        refuses(&["--listen-on", "127.0.0.1:0", "--dist-dir", &folder], &["--dist-dir", &folder]);
    }
}

#[test]
fn folder_with_nothing_to_serve_is_refused() {
    let dist = Dist::with(&[(".hidden", b"x"), (".git/config", b"x")]);
    std::fs::create_dir(dist.path().join("empty")).unwrap();
    refuses(&["--listen-on", "127.0.0.1:0", "--dist-dir", &dist.argument()], &["--dist-dir", &dist.argument()]);
}

/// The command as a user whom file modes and low ports stop.
fn as_nobody(dist: &Dist, arguments: &[&str]) -> Command {
    let executable = dist.beside("site");
    copy_executable(&executable);
    let root = executable.parent().unwrap();
    std::fs::set_permissions(root, PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new(&executable);
    command.args(arguments).env_clear().current_dir("/");
    if is_root() {
        command.uid(65534).gid(65534);
    }
    command
}

#[test]
fn unreadable_dist_dir_is_refused() {
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    std::fs::set_permissions(dist.path(), PermissionsExt::from_mode(0o000)).unwrap();
    let folder = dist.argument();
    let command = as_nobody(&dist, &["serve", "--listen-on", "127.0.0.1:0", "--dist-dir", &folder]);
    refused(command, &["--dist-dir", &folder]);
    std::fs::set_permissions(dist.path(), PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn unreadable_file_is_refused_at_start() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("secret.txt", b"x")]);
    let file = dist.path().join("secret.txt");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o000)).unwrap();
    let folder = dist.argument();
    let command = as_nobody(&dist, &["serve", "--listen-on", "127.0.0.1:0", "--dist-dir", &folder]);
    refused(command, &["secret.txt"]);
}

#[test]
fn privileged_port_is_refused_with_a_remedy() {
    let first = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").expect("procfs");
    if first.trim().parse::<u16>().expect("a port") <= 1 {
        return; // every port is free to everybody here
    }
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    let folder = dist.argument();
    let command = as_nobody(&dist, &["serve", "--listen-on", "127.0.0.1:1", "--dist-dir", &folder]);
    refused(command, &["--listen-on", "127.0.0.1:1"]);
}

#[test]
fn bad_numbers_and_words_are_refused() {
    for (flag, value) in [
        ("--workers", "0"),
        ("--workers", "many"),
        ("--workers", "-1"),
        ("--shutdown-timeout", "soon"),
        ("--shutdown-timeout", "-1"),
        ("--access-log", "everything"),
        ("--sandbox", "some"),
        ("--access-log-file", "/no/such/folder/access.log"),
        ("--dist-dir", ""),
    ] {
        let argument = format!("{flag}={value}");
        let output = run(site(&["serve", "--listen-on", "127.0.0.1:0", &argument]));
        let message = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(matches!(output.status.code(), Some(1 | 2)), "{argument}: {:?}", output.status);
        assert!(message.contains(flag) && message.contains(value), "{argument}: {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

#[test]
fn unknown_flags_and_missing_values_are_refused() {
    for arguments in
        [&["serve", "--no-such-flag"][..], &["serve", "--listen-on"], &["no-such-command"], &["serve", "x"]]
    {
        let output = run(site(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn environment_refusals_name_the_value() {
    let mut command = site(&["serve", "--listen-on", "127.0.0.1:0"]);
    command.env("SITE_DIST_DIR", "/no/such/folder");
    refused(command, &["--dist-dir", "/no/such/folder"]);
}

#[test]
fn every_flag_has_an_environment_variable() {
    let dist = Dist::with(&[("index.html", b"<p>from the environment")]);
    let log = dist.beside("access.log");
    let mut command = site(&["serve"]);
    command
        .env("SITE_LISTEN_ON", "127.0.0.1:0")
        .env("SITE_DIST_DIR", dist.argument())
        .env("SITE_WORKERS", "1")
        .env("SITE_SPA", "true")
        .env("SITE_SHUTDOWN_TIMEOUT", "1")
        .env("SITE_ACCESS_LOG", "combined")
        .env("SITE_ACCESS_LOG_FILE", &log);
    let server = TestServer::launch(command);
    let answer = server.get_with("/route", &[("Sec-Fetch-Mode", "navigate")]).expect(200);
    assert_eq!(answer.text(), "<p>from the environment");
    server.stop();
    assert!(std::fs::read_to_string(&log).unwrap().contains("\"GET /route HTTP/1.1\" 200"));
}

#[test]
fn flag_wins_over_the_environment() {
    let dist = Dist::with(&[("index.html", b"<p>from the flag")]);
    let folder = dist.argument();
    let mut command = site(&["serve", "--listen-on", "127.0.0.1:0", "--dist-dir", &folder]);
    command.env("SITE_DIST_DIR", "/no/such/folder").env("SITE_LISTEN_ON", "256.0.0.1:1");
    assert_eq!(TestServer::launch(command).get("/").expect(200).text(), "<p>from the flag");
}

/// The main job: the executable is the site, wherever it lies and whatever lies beside it.
#[test]
fn executable_alone_in_an_empty_folder_is_the_site() {
    let folder = Dist::new();
    let executable = folder.path().join("site");
    copy_executable(&executable);
    let mut command = Command::new(&executable);
    command.args(["serve", "--listen-on", "127.0.0.1:0"]).env_clear().current_dir(folder.path());
    let server = TestServer::launch(command);
    let page = server.get("/").expect(200);
    assert!(page.body == std::fs::read(default_site().join("index.html")).expect("the default site"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written");
}

#[test]
fn any_number_of_workers_serves_the_same_site() {
    let dist = Dist::with(&[("index.html", b"<p>home")]);
    for workers in ["1", "2", "7"] {
        let server = TestServer::with(&dist, &["--workers", workers]);
        let mut connections: Vec<_> = (0..20).map(|_| server.connect()).collect();
        for connection in &mut connections {
            assert_eq!(connection.get("/").expect(200).text(), "<p>home", "{workers} workers");
        }
    }
}

#[test]
fn several_addresses_are_all_served_and_named() {
    let server = TestServer::start(&["--listen-on", "127.0.0.1:0", "--listen-on", "127.0.0.2:0"]);
    assert_eq!(server.addresses().len(), 3, "{}", server.start_line());
    for &address in server.addresses() {
        assert_ne!(address.port(), 0);
        super::support::Connection::open(address).get("/").expect(200);
    }
}

#[test]
fn ipv6_and_localhost_are_addresses() {
    let mut forms = vec!["localhost:0"];
    if TcpListener::bind("[::1]:0").is_ok() {
        forms.push("[::1]:0");
    }
    for form in forms {
        let server = TestServer::launch(site(&["serve", "--listen-on", form]));
        assert!(!server.addresses().is_empty(), "{form}");
        for &address in server.addresses() {
            assert!(address.ip().is_loopback(), "{form}: {address}");
            super::support::Connection::open(address).get("/").expect(200);
        }
    }
}

#[test]
fn start_line_says_what_is_served() {
    let dist = Dist::with(&[("index.html", b"<p>home"), ("a.txt", b"12345")]);
    let server = TestServer::of(&dist);
    let line = server.start_line();
    assert!(line.contains("site 0.1.0") && line.contains("directory") && line.contains("2 files"), "{line}");
    assert!(TestServer::embedded().start_line().contains("embedded"));
}

#[test]
fn version_names_the_pack_that_is_served() {
    let output = run(site(&["--version"]));
    let version = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0));
    let server = TestServer::embedded();
    assert_eq!(version.trim_end(), format!("site {} (pack {})", env!("CARGO_PKG_VERSION"), server.pack()));
    assert!(server.pack().bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{version}");
}

#[test]
fn help_names_every_flag_and_its_variable() {
    let output = run(site(&["serve", "--help"]));
    let help = String::from_utf8(output.stdout).expect("UTF-8");
    for flag in [
        "listen-on",
        "dist-dir",
        "workers",
        "spa",
        "shutdown-timeout",
        "shutdown-delay",
        "tls-listen-on",
        "tls-cert",
        "tls-key",
        "redirect-http",
        "hsts",
        "header-timeout",
        "idle-timeout",
        "write-timeout",
        "request-timeout",
        "max-connections",
        "max-connections-per-address",
        "access-log",
        "access-log-file",
        "sandbox",
        "user",
        "group",
        "admin-listen-on",
        "trusted-proxy",
        "proxy-protocol",
    ] {
        let variable = format!("SITE_{}", flag.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("--{flag}")) && help.contains(&variable), "{flag}:\n{help}");
    }
}
