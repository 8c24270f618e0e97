# Evaluates the module beside stub options for what it sets, and looks at the unit that comes out.
{ lib, pkgs, runCommand, module }:
let
  stubs.options = {
    systemd.sockets = lib.mkOption { type = lib.types.attrsOf lib.types.anything; default = { }; };
    systemd.services = lib.mkOption { type = lib.types.attrsOf lib.types.anything; default = { }; };
    networking.firewall.allowedTCPPorts = lib.mkOption { type = lib.types.listOf lib.types.port; default = [ ]; };
  };
  evaluate = settings: (lib.evalModules {
    specialArgs = { inherit pkgs; };
    modules = [ stubs module { services.site = settings; } ];
  }).config;

  off = evaluate { };
  local = evaluate { enable = true; };
  public = evaluate {
    enable = true;
    listenOn = [ "0.0.0.0:80" "[::1]:8080" ];
    distDir = "/srv/100% mine";
    openFirewall = true;
  };
  activated = evaluate {
    enable = true;
    listenOn = [ ":80" "[::1]:8080" "/run/site.sock" ];
    socketActivation = true;
    openFirewall = true;
  };
  service = machine: machine.systemd.services.site.serviceConfig;
  # Simple words may or may not stand in quotes.
  starts = machine: arguments: lib.hasSuffix "/bin/site ${arguments}" (lib.replaceStrings [ "'" ] [ "" ] (service machine).ExecStart);

  facts = {
    "disabled, it starts nothing" = off.systemd.services == { };
    "by default it listens on this machine alone" = starts local "serve --listen-on 127.0.0.1:8080 --shutdown-timeout 30";
    "an unprivileged port needs no capability" = (service local).CapabilityBoundingSet == "" && (service local).PrivateUsers;
    "a closed firewall stays closed" = local.networking.firewall.allowedTCPPorts == [ ];
    "every address and the folder reach the executable" =
      starts public "serve --listen-on 0.0.0.0:80 --listen-on [::1]:8080 --dist-dir /srv/100%% mine --shutdown-timeout 30";
    "an argument with spaces stays one" = lib.hasInfix "'/srv/100%% mine'" (service public).ExecStart;
    "port 80 comes with its one capability" = (service public).AmbientCapabilities == "CAP_NET_BIND_SERVICE" && !(service public).PrivateUsers;
    "the firewall opens what is listened on" = public.networking.firewall.allowedTCPPorts == [ 80 8080 ];
    "systemd keeps the sockets only where it is told to" = local.systemd.sockets == { };
    "with socket activation it is passed its addresses" =
      starts activated "serve --shutdown-timeout 30" && activated.systemd.sockets.site.listenStreams == [ "80" "[::1]:8080" "/run/site.sock" ];
    "with socket activation port 80 takes no capability" = (service activated).CapabilityBoundingSet == "" && (service activated).PrivateUsers;
    "with socket activation the firewall opens the same" = activated.networking.firewall.allowedTCPPorts == [ 80 8080 ];
    "it is told when the service serves" = (service local).Type == "notify";
    "it runs as a user of its own" = (service public).DynamicUser;
    "it starts with the machine" = public.systemd.services.site.wantedBy == [ "multi-user.target" ];
  };
  broken = lib.attrNames (lib.filterAttrs (_: holds: !holds) facts);
in
runCommand "site-module" { } (lib.throwIf (broken != [ ]) "the NixOS module: not so: ${lib.concatStringsSep "; " broken}" "touch $out")
