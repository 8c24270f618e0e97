# A NixOS module that runs a site as a hardened systemd service.
{ self }:
{ config, lib, pkgs, ... }:
let
  cfg = config.services.site;
  addresses = lib.toList cfg.listenOn;

  # Addresses without a number at the end have no port to open or to ask a capability for.
  portOf = address: builtins.match ".*:([0-9]+)" address;
  ports = map lib.toInt (lib.concatMap (address: lib.optionals (portOf address != null) (portOf address)) addresses);
  privileged = lib.any (port: port > 0 && port < 1024) ports;

  # systemd expands % and $ itself.
  quoted = argument: lib.escapeShellArg (lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (toString argument));
  # As systemd writes them in ListenStream=: a port alone is every address.
  streams = map (lib.removePrefix ":") addresses;

  flag = name: value: lib.optionals (value != null) [ "--${name}" value ];
  arguments = [ "serve" ]
    ++ lib.optionals (!cfg.socketActivation) (lib.concatMap (flag "listen-on") addresses)
    ++ flag "dist-dir" cfg.distDir
    ++ flag "workers" cfg.workers
    ++ flag "shutdown-timeout" cfg.shutdownTimeout
    ++ lib.optional cfg.spa "--spa"
    ++ cfg.extraArgs;
in
{
  options.services.site = {
    enable = lib.mkEnableOption "site, a website in one executable";

    package = lib.mkOption {
      type = lib.types.package;
      default = self.packages.${pkgs.stdenv.hostPlatform.system}.site;
      defaultText = lib.literalExpression "inputs.site.packages.\${pkgs.stdenv.hostPlatform.system}.site";
      example = lib.literalExpression "inputs.site.lib.\${pkgs.stdenv.hostPlatform.system}.bundle { dist = ./public; }";
      description = "The executable, with your site in it.";
    };

    listenOn = lib.mkOption {
      type = lib.types.either lib.types.str (lib.types.listOf lib.types.str);
      default = [ "127.0.0.1:8080" ];
      example = [ "0.0.0.0:80" ];
      description = "Addresses to listen on. The service may bind ports below 1024 when one is among them.";
    };

    socketActivation = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Have systemd open the addresses of listenOn (`IP:PORT`, `[IPv6]:PORT`, `:PORT` or an absolute path) and keep them open:
        clients wait while the service is restarted, and it needs no capability for low ports.
      '';
    };

    distDir = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/srv/www";
      description = "A folder to serve instead of the site in the executable. Any user must be able to read it, and it can't lie under /home, /root or /tmp.";
    };

    workers = lib.mkOption {
      type = lib.types.nullOr lib.types.ints.positive;
      default = null;
      description = "Number of worker threads; the default is the executable's own.";
    };

    shutdownTimeout = lib.mkOption {
      type = lib.types.ints.unsigned;
      default = 30;
      description = "Seconds that requests in flight may take once the service is told to stop.";
    };

    spa = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Answer navigations to unknown paths with /index.html.";
    };

    extraArgs = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Further arguments of `site serve`.";
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Open the ports of listenOn in the firewall.";
    };
  };

  config = lib.mkIf cfg.enable {
    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall ports;

    systemd.sockets.site = lib.mkIf cfg.socketActivation {
      description = "site: where it listens";
      wantedBy = [ "sockets.target" ];
      listenStreams = streams;
    };

    systemd.services.site = {
      description = "site: a website in one executable";
      after = [ "network.target" ];
      wantedBy = [ "multi-user.target" ];
      requires = lib.optional cfg.socketActivation "site.socket";
      serviceConfig = import ./hardening.nix // {
        ExecStart = lib.concatMapStringsSep " " quoted ([ (lib.getExe cfg.package) ] ++ arguments);
        ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
        TimeoutStopSec = cfg.shutdownTimeout + 5;
      } // lib.optionalAttrs (privileged && !cfg.socketActivation) {
        # A capability of the host is worth nothing in a user namespace.
        AmbientCapabilities = "CAP_NET_BIND_SERVICE";
        CapabilityBoundingSet = "CAP_NET_BIND_SERVICE";
        PrivateUsers = false;
      };
    };
  };
}
