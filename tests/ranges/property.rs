//! The property of ranges: any sequence of them, put together, is the representation.

use super::super::support::{Connection, Dist, Random, TestServer, noise, prose};
use super::multipart;

/// A representation and how to ask for it.
struct Form {
    target: &'static str,
    accept: &'static str,
    whole: Vec<u8>,
    tag: String,
}

/// A random set of 1 to 4 ranges, written in any of the three ways.
fn ranges(random: &mut Random, length: usize) -> String {
    let one = |random: &mut Random| match random.below(4) {
        0 => format!("{}-", random.below(length)),
        1 => format!("-{}", 1 + random.below(length)),
        _ => {
            let first = random.below(length);
            format!("{first}-{}", first + random.below(length))
        }
    };
    let all: Vec<_> = (0..1 + random.below(4)).map(|_| one(random)).collect();
    format!("bytes={}", all.join(","))
}

/// Fetches random ranges into a copy, fills the holes by single ranges, and compares.
fn reassembles(connection: &mut Connection, form: &Form, random: &mut Random) {
    let length = form.whole.len();
    let mut copy: Vec<Option<u8>> = vec![None; length];
    let mut asked = Vec::new();
    while copy.contains(&None) {
        let hole = copy.iter().position(Option::is_none).expect("a hole");
        let range = match random.below(3) {
            0 => format!("bytes={hole}-{}", hole + random.below(length)),
            _ => ranges(random, length),
        };
        asked.push(range.clone());
        let headers = [("Range", &*range), ("Accept-Encoding", form.accept), ("If-Range", &form.tag)];
        let response = connection.fetch("GET", form.target, &headers);
        assert_eq!(response.etag(), form.tag, "{asked:?}");
        if response.status == 200 {
            assert!(response.body == form.whole, "{asked:?}");
            continue;
        }
        for (first, bytes) in multipart::parts(&response, length) {
            for (position, byte) in (first..).zip(bytes) {
                copy[position] = Some(byte);
            }
        }
    }
    assert!(copy.into_iter().flatten().eq(form.whole.iter().copied()), "{} {asked:?}", form.target);
}

#[test]
fn any_sequence_of_ranges_reassembles_the_representation() {
    let dist = Dist::new();
    dist.file("noise.bin", noise(3000, 11))
        .file("film.bin", noise(200_000, 12))
        .file("one.bin", "x")
        .file("seven.bin", "1234567")
        .file("page.bin", prose(4000));
    let server = TestServer::of(&dist);
    let mut connection = server.connect();
    let mut random = Random::seeded(0x9110_0014);
    // The film is larger than what a directory keeps in memory.
    for (target, rounds) in
        [("/noise.bin", 25), ("/one.bin", 5), ("/seven.bin", 25), ("/page.bin", 25), ("/film.bin", 5)]
    {
        for accept in ["identity", "gzip", "br"] {
            let response = connection.fetch("GET", target, &[("Accept-Encoding", accept)]).expect(200);
            let tag = response.etag().to_owned();
            let form = Form { target, accept, whole: response.body, tag };
            for _ in 0..rounds {
                reassembles(&mut connection, &form, &mut random);
            }
        }
    }
}
