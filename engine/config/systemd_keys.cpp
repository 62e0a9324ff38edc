// The keys that systemd 252 knows (systemd --dump-configuration-items), those of later versions are only listed as not known.
#include "engine/config/systemd_keys.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace conclave::config {
namespace {

constexpr std::string_view of_processes =
    R"(AllowedCPUs AllowedMemoryNodes AmbientCapabilities AppArmorProfile BPFProgram BindPaths BindReadOnlyPaths
BlockIOAccounting BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth CPUAccounting CPUAffinity
CPUQuota CPUQuotaPeriodSec CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CPUShares CPUWeight
CacheDirectory CacheDirectoryMode CapabilityBoundingSet ConfigurationDirectory ConfigurationDirectoryMode CoredumpFilter
DefaultMemoryLow DefaultMemoryMin Delegate DeviceAllow DevicePolicy DisableControllers DynamicUser Environment
EnvironmentFile ExecPaths ExecSearchPath ExecStartPost ExecStartPre ExecStopPost ExtensionDirectories ExtensionImages
FinalKillSignal Group IOAccounting IODeviceLatencyTargetSec IODeviceWeight IOReadBandwidthMax IOReadIOPSMax
IOSchedulingClass IOSchedulingPriority IOWeight IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow
IPAddressDeny IPCNamespacePath IPEgressFilterPath IPIngressFilterPath IgnoreSIGPIPE InaccessibleDirectories
InaccessiblePaths KeyringMode KillMode KillSignal LimitAS LimitCORE LimitCPU LimitDATA LimitFSIZE LimitLOCKS
LimitMEMLOCK LimitMSGQUEUE LimitNICE LimitNOFILE LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING LimitSTACK
LoadCredential LoadCredentialEncrypted LockPersonality LogExtraFields LogLevelMax LogNamespace LogRateLimitBurst
LogRateLimitIntervalSec LogsDirectory LogsDirectoryMode ManagedOOMMemoryPressure ManagedOOMMemoryPressureLimit
ManagedOOMPreference ManagedOOMSwap MemoryAccounting MemoryDenyWriteExecute MemoryHigh MemoryLimit MemoryLow MemoryMax
MemoryMin MemorySwapMax MountAPIVFS MountFlags MountImages NUMAMask NUMAPolicy NetworkNamespacePath Nice NoExecPaths
NoNewPrivileges OOMScoreAdjust PAMName PassEnvironment Personality PrivateDevices PrivateIPC PrivateMounts
PrivateNetwork PrivateTmp PrivateUsers ProcSubset ProtectClock ProtectControlGroups ProtectHome ProtectHostname
ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyDirectories ReadOnlyPaths
ReadWriteDirectories ReadWritePaths RemoveIPC RestartKillSignal RestrictAddressFamilies RestrictFileSystems
RestrictNamespaces RestrictNetworkInterfaces RestrictRealtime RestrictSUIDSGID RootDirectory RootHash RootHashSignature
RootImage RootImageOptions RootVerity RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve SELinuxContext
SecureBits SendSIGHUP SendSIGKILL SetCredential SetCredentialEncrypted Slice SmackProcessLabel SocketBindAllow
SocketBindDeny StandardError StandardInput StandardInputData StandardInputText StandardOutput StartupAllowedCPUs
StartupAllowedMemoryNodes StartupBlockIOWeight StartupCPUShares StartupCPUWeight StartupIOWeight StateDirectory
StateDirectoryMode SupplementaryGroups SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix
SystemCallArchitectures SystemCallErrorNumber SystemCallFilter SystemCallLog TTYColumns TTYPath TTYReset TTYRows
TTYVHangup TTYVTDisallocate TasksAccounting TasksMax TemporaryFileSystem TimeoutCleanSec TimeoutSec TimerSlackNSec UMask
UnsetEnvironment User UtmpIdentifier UtmpMode WatchdogSignal WorkingDirectory)";

constexpr std::string_view of_units =
    R"(After AllowIsolate AssertACPower AssertArchitecture AssertCPUFeature AssertCPUPressure AssertCPUs AssertCapability
AssertControlGroupController AssertCredential AssertDirectoryNotEmpty AssertEnvironment AssertFileIsExecutable
AssertFileNotEmpty AssertFirstBoot AssertGroup AssertHost AssertIOPressure AssertKernelCommandLine AssertKernelVersion
AssertMemory AssertMemoryPressure AssertNeedsUpdate AssertOSRelease AssertPathExists AssertPathExistsGlob
AssertPathIsDirectory AssertPathIsEncrypted AssertPathIsMountPoint AssertPathIsReadWrite AssertPathIsSymbolicLink
AssertSecurity AssertUser AssertVirtualization Before BindTo BindsTo CollectMode ConditionACPower ConditionArchitecture
ConditionCPUFeature ConditionCPUPressure ConditionCPUs ConditionCapability ConditionControlGroupController
ConditionCredential ConditionDirectoryNotEmpty ConditionEnvironment ConditionFileIsExecutable ConditionFileNotEmpty
ConditionFirmware ConditionFirstBoot ConditionGroup ConditionHost ConditionIOPressure ConditionKernelCommandLine
ConditionKernelVersion ConditionMemory ConditionMemoryPressure ConditionNeedsUpdate ConditionOSRelease
ConditionPathExists ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsEncrypted ConditionPathIsMountPoint
ConditionPathIsReadWrite ConditionPathIsSymbolicLink ConditionSecurity ConditionUser ConditionVirtualization Conflicts
DefaultDependencies Description Documentation FailureAction FailureActionExitStatus IgnoreOnIsolate JobRunningTimeoutSec
JobTimeoutAction JobTimeoutRebootArgument JobTimeoutSec JoinsNamespaceOf OnFailure OnFailureIsolate OnFailureJobMode
OnSuccess OnSuccessJobMode PartOf PropagateReloadFrom PropagateReloadTo PropagatesReloadTo PropagatesStopTo
RebootArgument RefuseManualStart RefuseManualStop ReloadPropagatedFrom Requires RequiresMountsFor RequiresOverridable
Requisite RequisiteOverridable SourcePath StartLimitAction StartLimitBurst StartLimitInterval StartLimitIntervalSec
StopPropagatedFrom StopWhenUnneeded SuccessAction SuccessActionExitStatus Upholds Wants)";

constexpr std::string_view of_services =
    R"(BusName ExecCondition ExecReload ExecStart ExecStop ExitType FailureAction FileDescriptorStoreMax GuessMainPID
NonBlocking NotifyAccess OOMPolicy PIDFile PermissionsStartOnly RebootArgument RemainAfterExit Restart
RestartForceExitStatus RestartPreventExitStatus RestartSec RootDirectoryStartOnly RuntimeMaxSec
RuntimeRandomizedExtraSec Sockets StartLimitAction StartLimitBurst StartLimitInterval SuccessExitStatus TimeoutAbortSec
TimeoutStartFailureMode TimeoutStartSec TimeoutStopFailureMode TimeoutStopSec Type USBFunctionDescriptors
USBFunctionStrings WatchdogSec)";

constexpr std::string_view of_sockets =
    R"(Accept Backlog BindIPv6Only BindToDevice Broadcast DeferAcceptSec DirectoryMode ExecStopPre FileDescriptorName
FlushPending FreeBind IPTOS IPTTL KeepAlive KeepAliveIntervalSec KeepAliveProbes KeepAliveTimeSec ListenDatagram
ListenFIFO ListenMessageQueue ListenNetlink ListenSequentialPacket ListenSpecial ListenStream ListenUSBFunction Mark
MaxConnections MaxConnectionsPerSource MessageQueueMaxMessages MessageQueueMessageSize NoDelay PassCredentials
PassPacketInfo PassSecurity PipeSize Priority ReceiveBuffer RemoveOnStop ReusePort SELinuxContextFromNet SendBuffer
Service SmackLabel SmackLabelIPIn SmackLabelIPOut SocketGroup SocketMode SocketProtocol SocketUser Symlinks
TCPCongestion Timestamping Transparent TriggerLimitBurst TriggerLimitIntervalSec Writable)";

constexpr std::string_view of_timers =
    R"(AccuracySec FixedRandomDelay OnActiveSec OnBootSec OnCalendar OnClockChange OnStartupSec OnTimezoneChange
OnUnitActiveSec OnUnitInactiveSec Persistent RandomizedDelaySec RemainAfterElapse Unit WakeSystem)";

constexpr std::string_view of_installation = R"(Alias Also DefaultInstance RequiredBy WantedBy)";

void add_words(std::string_view text, std::vector<std::string_view>& words) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::vector<std::string_view> all_of(std::initializer_list<std::string_view> groups) {
  std::vector<std::string_view> words;
  for (const std::string_view group : groups) add_words(group, words);
  return words;
}

}  // namespace

std::span<const std::string_view> keys_of_section(std::string_view section) {
  static const auto unit = all_of({of_units});
  static const auto service = all_of({of_services, of_processes});
  static const auto socket = all_of({of_sockets, of_processes});
  static const auto timer = all_of({of_timers});
  static const auto install = all_of({of_installation});
  if (section == "Unit") return unit;
  if (section == "Service") return service;
  if (section == "Socket") return socket;
  if (section == "Timer") return timer;
  if (section == "Install") return install;
  return {};
}

}  // namespace conclave::config
