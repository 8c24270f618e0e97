# Builds the crate with naersk: the executable with a site baked in, and the checks of its sources.
{ lib, stdenv, glibc, libidn2, removeReferencesTo, rustfmt, writeShellScript, naersk }:
let
  root = ../..;
  manifest = lib.importTOML (root + "/Cargo.toml");
  static = stdenv.hostPlatform.isLinux;

  # Only what cargo reads: an edit of any other file rebuilds nothing. The site comes in by SITE_DIST_DIR.
  sources = extra: lib.fileset.toSource {
    inherit root;
    fileset = lib.fileset.unions ([ (root + "/Cargo.toml") (root + "/Cargo.lock") (root + "/build.rs") (root + "/src") ] ++ extra);
  };

  # Equal for every build, so that builds of one mode share the dependencies that naersk compiles first.
  common = {
    pname = "site";
    src = sources [ ];

    # Names the build folder /build wherever it lies, so that its path is never in the executable. A wrapper, not RUSTFLAGS:
    # cargo compares those, and would compile the dependencies again where the two phases have different folders (no sandbox).
    RUSTC_WRAPPER = writeShellScript "rustc-with-fixed-paths" ''exec "$@" --remap-path-prefix "$NIX_BUILD_TOP=/build"'';

    meta = {
      inherit (manifest.package) description;
      license = with lib.licenses; [ mit asl20 ];
      mainProgram = "site";
    };
  } // lib.optionalAttrs static {
    # With a target given, these flags reach the executable alone, not build scripts and procedural macros, which can't be static.
    CARGO_BUILD_TARGET = stdenv.hostPlatform.rust.rustcTarget;
    RUSTFLAGS = "-C target-feature=+crt-static";
    buildInputs = [ glibc.static ];
  };
in
{
  # The executable, with the site of the folder dist in it.
  bake = { dist, name }: naersk.buildPackage (common // {
    # Only in the last step: the dependencies don't depend on the site.
    overrideMain = old: {
      name = "${name}-${manifest.package.version}";
      SITE_DIST_DIR = "${dist}";
      SITE_FOLLOW_LINKS = lib.optionalString (lib.isDerivation dist) "1"; # what derivations make is often a farm of links
    } // lib.optionalAttrs static {
      allowedReferences = [ ];
    };
  } // lib.optionalAttrs static {
    # glibc's static library brings these two paths along (gconv, locales, libidn2.so.0); the executable never opens them.
    postInstall = "${lib.getExe removeReferencesTo} -t ${stdenv.cc.libc} -t ${lib.getLib libidn2} $out/bin/*";
  });

  checks =
    let
      check = mode: extra: naersk.buildPackage (common // {
        inherit mode;
        name = "site-${mode}";
        src = sources (map (name: root + "/${name}") [ "benches" "dist" "rustfmt.toml" "tests" ]);
        release = false;
      } // extra);
    in
    {
      clippy = check "clippy" { cargoBuildOptions = options: options ++ [ "--all-targets" ]; };
      test = check "test" {
        # Tests that give up root start the executable that was built there.
        overrideMain = old: { preBuild = (old.preBuild or "") + ''
          chmod 755 "$NIX_BUILD_TOP"
        ''; };
      };
      fmt = check "fmt" { nativeBuildInputs = [ rustfmt ]; singleStep = true; };
    };
}
