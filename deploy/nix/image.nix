# Makes a container image of one executable: dockerTools finds its closure by the Entrypoint, and the closure is the executable alone.
{ lib, dockerTools }:
{ site, name, tag ? "flake", self ? { }, source ? null }:
let
  manifest = lib.importTOML ../../Cargo.toml;
  seconds = self.lastModified or 1;
  date = self.lastModifiedDate or "19700101000001";
  part = start: length: builtins.substring start length date;
in
dockerTools.buildLayeredImage {
  inherit name tag;
  created = "@${toString seconds}"; # the commit's date: readable in a registry, and the same in every build of the commit
  compressor = "none"; # a push compresses the layers
  config = {
    User = "65532:65532";
    ExposedPorts."80/tcp" = { };
    Entrypoint = [ "${site}/bin/site" ];
    Cmd = [ "serve" "--listen-on" "0.0.0.0:80" ];
    Healthcheck = { Test = [ "CMD" "${site}/bin/site" "health" ]; Timeout = 10000000000; }; # in nanoseconds
    Labels = lib.mapAttrs' (key: lib.nameValuePair "org.opencontainers.image.${key}") {
      title = name;
      version = manifest.package.version;
      licenses = manifest.package.license;
      source = if source != null then source else manifest.package.repository;
      revision = self.rev or self.dirtyRev or "dirty";
      created = "${part 0 4}-${part 4 2}-${part 6 2}T${part 8 2}:${part 10 2}:${part 12 2}Z";
    };
  };
}
