//! Secrets: files that hardly anybody means to publish.

/// Names of private keys and of files with passwords in them.
const NAMES: &[&str] = &[
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "htpasswd",
    "shadow",
    "wp-config.php",
    "terraform.tfstate",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "credentials.json",
    "service-account.json",
];

/// Extensions of key stores, databases and environment files.
const EXTENSIONS: &[&str] =
    &["env", "p12", "pfx", "jks", "keystore", "kdbx", "ppk", "sqlite", "sqlite3", "tfstate", "ovpn"];

/// Files that may hold a key in PEM.
const PEM: &[&str] = &["pem", "key", "crt", "cer", "asc", "txt", ""];

/// Keys are short.
const LONGEST_KEY: usize = 64 << 10;

/// Says what the file seems to be, if it seems to be a secret.
pub(super) fn secret(path: &str, bytes: &[u8]) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if NAMES.contains(&&*name) {
        return Some("its name is that of a file with keys or passwords");
    }
    if EXTENSIONS.contains(&extension) {
        return Some("its extension is that of a key store, a database or an environment file");
    }
    let key = PEM.contains(&extension) && bytes.len() <= LONGEST_KEY && has_private_key(bytes);
    key.then_some("it holds a private key")
}

fn has_private_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("-----BEGIN ").skip(1).any(|rest| {
        let label = rest.split("-----").next().unwrap_or_default();
        label.len() < 64 && (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_files_that_look_alike() {
        let key = b"x\n-----BEGIN RSA PRIVATE KEY-----\nabc";
        for (path, bytes, expected) in [
            ("a/id_rsa", b"" as &[u8], true),
            ("ID_RSA", b"", true),
            ("id_rsa.pub", b"ssh-rsa AAA", false),
            ("prod.env", b"A=b", true),
            ("environment.html", b"", false),
            ("tls/site.pem", key, true),
            ("tls/site.key", key, true),
            ("keyfile", key, true),
            ("tls/chain.pem", b"-----BEGIN CERTIFICATE-----\n", false),
            ("tls/public.pem", b"-----BEGIN PUBLIC KEY-----\n", false),
            ("signing.asc", b"-----BEGIN PGP PRIVATE KEY BLOCK-----", true),
            ("how-to-make-keys.html", key, false),
            ("db.sqlite", b"", true),
            ("credentials.json", b"{}", true),
        ] {
            assert_eq!(secret(path, bytes).is_some(), expected, "{path}");
        }
    }
}
