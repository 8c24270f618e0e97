# The [Service] settings that the NixOS module and ../systemd/site.service have in common.
{
  Type = "notify";
  WatchdogSec = "30";
  Restart = "on-failure";
  DynamicUser = true;
  UMask = "0077";

  AmbientCapabilities = "";
  CapabilityBoundingSet = "";
  NoNewPrivileges = true;
  PrivateUsers = true;

  DevicePolicy = "closed";
  PrivateDevices = true;
  PrivateMounts = true;
  PrivateTmp = true;
  ProcSubset = "pid";
  ProtectHome = true;
  ProtectProc = "invisible";
  ProtectSystem = "strict";

  LockPersonality = true;
  MemoryDenyWriteExecute = true;
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  PrivateIPC = true;
  RemoveIPC = true;
  RestrictAddressFamilies = "AF_INET AF_INET6 AF_UNIX";
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  SystemCallArchitectures = "native";
  # The four calls are those of the executable's own sandbox (the group @sandbox of newer systemd); capset gives capabilities up.
  SystemCallFilter = [
    "@system-service landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp"
    "~@privileged @resources"
    "capset"
  ];
  SystemCallErrorNumber = "EPERM";
}
