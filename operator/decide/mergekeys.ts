/** Generated from openapi/podtemplate.json by `make generate`; do not edit. */

/** A field that holds more than a plain value. */
export interface Field {
  /** An object of a definition below, a list, or a map whose keys are the user's. */
  readonly kind: "object" | "list" | "map";
  /** The definition of the object, or of the list's elements (not below if it has plain values only); left out for plain values. */
  readonly of?: string;
  /** The elements of a patch join those that are there; other lists are replaced as a whole. */
  readonly merge?: true;
  /** The field that tells elements of a merged list apart; left out for plain values. */
  readonly key?: string;
  /** The API server never stores the object around it without it. */
  readonly always?: true;
}

/** The definition of a whole pod template. */
export const POD_TEMPLATE = "PodTemplateSpec";

/** By definition and field; what is not here is a plain value, or unknown to the API server. */
export const FIELDS: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  Affinity: {
    nodeAffinity: { kind: "object", of: "NodeAffinity" },
    podAffinity: { kind: "object", of: "PodAffinity" },
    podAntiAffinity: { kind: "object", of: "PodAntiAffinity" },
  },
  CSIVolumeSource: {
    nodePublishSecretRef: { kind: "object", of: "LocalObjectReference" },
    volumeAttributes: { kind: "map" },
  },
  Capabilities: {
    add: { kind: "list" },
    drop: { kind: "list" },
  },
  CephFSVolumeSource: {
    monitors: { kind: "list" },
    secretRef: { kind: "object", of: "LocalObjectReference" },
  },
  CinderVolumeSource: {
    secretRef: { kind: "object", of: "LocalObjectReference" },
  },
  ClusterTrustBundleProjection: {
    labelSelector: { kind: "object", of: "LabelSelector" },
  },
  ConfigMapProjection: {
    items: { kind: "list", of: "KeyToPath" },
  },
  ConfigMapVolumeSource: {
    items: { kind: "list", of: "KeyToPath" },
  },
  Container: {
    args: { kind: "list" },
    command: { kind: "list" },
    env: { kind: "list", of: "EnvVar", merge: true, key: "name" },
    envFrom: { kind: "list", of: "EnvFromSource" },
    lifecycle: { kind: "object", of: "Lifecycle" },
    livenessProbe: { kind: "object", of: "Probe" },
    ports: { kind: "list", of: "ContainerPort", merge: true, key: "containerPort" },
    readinessProbe: { kind: "object", of: "Probe" },
    resizePolicy: { kind: "list", of: "ContainerResizePolicy" },
    resources: { kind: "object", of: "ResourceRequirements", always: true },
    restartPolicyRules: { kind: "list", of: "ContainerRestartRule" },
    securityContext: { kind: "object", of: "SecurityContext" },
    startupProbe: { kind: "object", of: "Probe" },
    volumeDevices: { kind: "list", of: "VolumeDevice", merge: true, key: "devicePath" },
    volumeMounts: { kind: "list", of: "VolumeMount", merge: true, key: "mountPath" },
  },
  ContainerRestartRule: {
    exitCodes: { kind: "object", of: "ContainerRestartRuleOnExitCodes" },
  },
  ContainerRestartRuleOnExitCodes: {
    values: { kind: "list" },
  },
  DownwardAPIProjection: {
    items: { kind: "list", of: "DownwardAPIVolumeFile" },
  },
  DownwardAPIVolumeFile: {
    fieldRef: { kind: "object", of: "ObjectFieldSelector" },
    resourceFieldRef: { kind: "object", of: "ResourceFieldSelector" },
  },
  DownwardAPIVolumeSource: {
    items: { kind: "list", of: "DownwardAPIVolumeFile" },
  },
  EnvFromSource: {
    configMapRef: { kind: "object", of: "ConfigMapEnvSource" },
    secretRef: { kind: "object", of: "SecretEnvSource" },
  },
  EnvVar: {
    valueFrom: { kind: "object", of: "EnvVarSource" },
  },
  EnvVarSource: {
    configMapKeyRef: { kind: "object", of: "ConfigMapKeySelector" },
    fieldRef: { kind: "object", of: "ObjectFieldSelector" },
    fileKeyRef: { kind: "object", of: "FileKeySelector" },
    resourceFieldRef: { kind: "object", of: "ResourceFieldSelector" },
    secretKeyRef: { kind: "object", of: "SecretKeySelector" },
  },
  EphemeralContainer: {
    args: { kind: "list" },
    command: { kind: "list" },
    env: { kind: "list", of: "EnvVar", merge: true, key: "name" },
    envFrom: { kind: "list", of: "EnvFromSource" },
    lifecycle: { kind: "object", of: "Lifecycle" },
    livenessProbe: { kind: "object", of: "Probe" },
    ports: { kind: "list", of: "ContainerPort", merge: true, key: "containerPort" },
    readinessProbe: { kind: "object", of: "Probe" },
    resizePolicy: { kind: "list", of: "ContainerResizePolicy" },
    resources: { kind: "object", of: "ResourceRequirements", always: true },
    restartPolicyRules: { kind: "list", of: "ContainerRestartRule" },
    securityContext: { kind: "object", of: "SecurityContext" },
    startupProbe: { kind: "object", of: "Probe" },
    volumeDevices: { kind: "list", of: "VolumeDevice", merge: true, key: "devicePath" },
    volumeMounts: { kind: "list", of: "VolumeMount", merge: true, key: "mountPath" },
  },
  EphemeralVolumeSource: {
    volumeClaimTemplate: { kind: "object", of: "PersistentVolumeClaimTemplate" },
  },
  ExecAction: {
    command: { kind: "list" },
  },
  FCVolumeSource: {
    targetWWNs: { kind: "list" },
    wwids: { kind: "list" },
  },
  FlexVolumeSource: {
    options: { kind: "map" },
    secretRef: { kind: "object", of: "LocalObjectReference" },
  },
  HTTPGetAction: {
    httpHeaders: { kind: "list", of: "HTTPHeader" },
  },
  HostAlias: {
    hostnames: { kind: "list" },
  },
  ISCSIVolumeSource: {
    portals: { kind: "list" },
    secretRef: { kind: "object", of: "LocalObjectReference" },
  },
  Lifecycle: {
    postStart: { kind: "object", of: "LifecycleHandler" },
    preStop: { kind: "object", of: "LifecycleHandler" },
  },
  LifecycleHandler: {
    exec: { kind: "object", of: "ExecAction" },
    httpGet: { kind: "object", of: "HTTPGetAction" },
    sleep: { kind: "object", of: "SleepAction" },
    tcpSocket: { kind: "object", of: "TCPSocketAction" },
  },
  NodeAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: { kind: "list", of: "PreferredSchedulingTerm" },
    requiredDuringSchedulingIgnoredDuringExecution: { kind: "object", of: "NodeSelector" },
  },
  NodeSelector: {
    nodeSelectorTerms: { kind: "list", of: "NodeSelectorTerm" },
  },
  NodeSelectorRequirement: {
    values: { kind: "list" },
  },
  NodeSelectorTerm: {
    matchExpressions: { kind: "list", of: "NodeSelectorRequirement" },
    matchFields: { kind: "list", of: "NodeSelectorRequirement" },
  },
  PersistentVolumeClaimSpec: {
    accessModes: { kind: "list" },
    dataSource: { kind: "object", of: "TypedLocalObjectReference" },
    dataSourceRef: { kind: "object", of: "TypedObjectReference" },
    resources: { kind: "object", of: "VolumeResourceRequirements", always: true },
    selector: { kind: "object", of: "LabelSelector" },
  },
  PersistentVolumeClaimTemplate: {
    metadata: { kind: "object", of: "ObjectMeta", always: true },
    spec: { kind: "object", of: "PersistentVolumeClaimSpec", always: true },
  },
  PodAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: { kind: "list", of: "WeightedPodAffinityTerm" },
    requiredDuringSchedulingIgnoredDuringExecution: { kind: "list", of: "PodAffinityTerm" },
  },
  PodAffinityTerm: {
    labelSelector: { kind: "object", of: "LabelSelector" },
    matchLabelKeys: { kind: "list" },
    mismatchLabelKeys: { kind: "list" },
    namespaceSelector: { kind: "object", of: "LabelSelector" },
    namespaces: { kind: "list" },
  },
  PodAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: { kind: "list", of: "WeightedPodAffinityTerm" },
    requiredDuringSchedulingIgnoredDuringExecution: { kind: "list", of: "PodAffinityTerm" },
  },
  PodCertificateProjection: {
    userAnnotations: { kind: "map" },
  },
  PodDNSConfig: {
    nameservers: { kind: "list" },
    options: { kind: "list", of: "PodDNSConfigOption" },
    searches: { kind: "list" },
  },
  PodSecurityContext: {
    appArmorProfile: { kind: "object", of: "AppArmorProfile" },
    seLinuxOptions: { kind: "object", of: "SELinuxOptions" },
    seccompProfile: { kind: "object", of: "SeccompProfile" },
    supplementalGroups: { kind: "list" },
    sysctls: { kind: "list", of: "Sysctl" },
    windowsOptions: { kind: "object", of: "WindowsSecurityContextOptions" },
  },
  PodSpec: {
    affinity: { kind: "object", of: "Affinity" },
    containers: { kind: "list", of: "Container", merge: true, key: "name" },
    dnsConfig: { kind: "object", of: "PodDNSConfig" },
    ephemeralContainers: { kind: "list", of: "EphemeralContainer", merge: true, key: "name" },
    hostAliases: { kind: "list", of: "HostAlias", merge: true, key: "ip" },
    imagePullSecrets: { kind: "list", of: "LocalObjectReference", merge: true, key: "name" },
    initContainers: { kind: "list", of: "Container", merge: true, key: "name" },
    nodeSelector: { kind: "map" },
    os: { kind: "object", of: "PodOS" },
    overhead: { kind: "map" },
    readinessGates: { kind: "list", of: "PodReadinessGate" },
    resourceClaims: { kind: "list", of: "PodResourceClaim", merge: true, key: "name" },
    resources: { kind: "object", of: "ResourceRequirements" },
    schedulingGates: { kind: "list", of: "PodSchedulingGate", merge: true, key: "name" },
    schedulingGroup: { kind: "object", of: "PodSchedulingGroup" },
    securityContext: { kind: "object", of: "PodSecurityContext" },
    tolerations: { kind: "list", of: "Toleration" },
    topologySpreadConstraints: { kind: "list", of: "TopologySpreadConstraint", merge: true, key: "topologyKey" },
    volumes: { kind: "list", of: "Volume", merge: true, key: "name" },
  },
  PodTemplateSpec: {
    metadata: { kind: "object", of: "ObjectMeta", always: true },
    spec: { kind: "object", of: "PodSpec", always: true },
  },
  PreferredSchedulingTerm: {
    preference: { kind: "object", of: "NodeSelectorTerm", always: true },
  },
  Probe: {
    exec: { kind: "object", of: "ExecAction" },
    grpc: { kind: "object", of: "GRPCAction" },
    httpGet: { kind: "object", of: "HTTPGetAction" },
    tcpSocket: { kind: "object", of: "TCPSocketAction" },
  },
  ProjectedVolumeSource: {
    sources: { kind: "list", of: "VolumeProjection" },
  },
  RBDVolumeSource: {
    monitors: { kind: "list" },
    secretRef: { kind: "object", of: "LocalObjectReference" },
  },
  ResourceRequirements: {
    claims: { kind: "list", of: "ResourceClaim" },
    limits: { kind: "map" },
    requests: { kind: "map" },
  },
  ScaleIOVolumeSource: {
    secretRef: { kind: "object", of: "LocalObjectReference" },
  },
  SecretProjection: {
    items: { kind: "list", of: "KeyToPath" },
  },
  SecretVolumeSource: {
    items: { kind: "list", of: "KeyToPath" },
  },
  SecurityContext: {
    appArmorProfile: { kind: "object", of: "AppArmorProfile" },
    capabilities: { kind: "object", of: "Capabilities" },
    seLinuxOptions: { kind: "object", of: "SELinuxOptions" },
    seccompProfile: { kind: "object", of: "SeccompProfile" },
    windowsOptions: { kind: "object", of: "WindowsSecurityContextOptions" },
  },
  StorageOSVolumeSource: {
    secretRef: { kind: "object", of: "LocalObjectReference" },
  },
  TopologySpreadConstraint: {
    labelSelector: { kind: "object", of: "LabelSelector" },
    matchLabelKeys: { kind: "list" },
  },
  Volume: {
    awsElasticBlockStore: { kind: "object", of: "AWSElasticBlockStoreVolumeSource" },
    azureDisk: { kind: "object", of: "AzureDiskVolumeSource" },
    azureFile: { kind: "object", of: "AzureFileVolumeSource" },
    cephfs: { kind: "object", of: "CephFSVolumeSource" },
    cinder: { kind: "object", of: "CinderVolumeSource" },
    configMap: { kind: "object", of: "ConfigMapVolumeSource" },
    csi: { kind: "object", of: "CSIVolumeSource" },
    downwardAPI: { kind: "object", of: "DownwardAPIVolumeSource" },
    emptyDir: { kind: "object", of: "EmptyDirVolumeSource" },
    ephemeral: { kind: "object", of: "EphemeralVolumeSource" },
    fc: { kind: "object", of: "FCVolumeSource" },
    flexVolume: { kind: "object", of: "FlexVolumeSource" },
    flocker: { kind: "object", of: "FlockerVolumeSource" },
    gcePersistentDisk: { kind: "object", of: "GCEPersistentDiskVolumeSource" },
    gitRepo: { kind: "object", of: "GitRepoVolumeSource" },
    glusterfs: { kind: "object", of: "GlusterfsVolumeSource" },
    hostPath: { kind: "object", of: "HostPathVolumeSource" },
    image: { kind: "object", of: "ImageVolumeSource" },
    iscsi: { kind: "object", of: "ISCSIVolumeSource" },
    nfs: { kind: "object", of: "NFSVolumeSource" },
    persistentVolumeClaim: { kind: "object", of: "PersistentVolumeClaimVolumeSource" },
    photonPersistentDisk: { kind: "object", of: "PhotonPersistentDiskVolumeSource" },
    portworxVolume: { kind: "object", of: "PortworxVolumeSource" },
    projected: { kind: "object", of: "ProjectedVolumeSource" },
    quobyte: { kind: "object", of: "QuobyteVolumeSource" },
    rbd: { kind: "object", of: "RBDVolumeSource" },
    scaleIO: { kind: "object", of: "ScaleIOVolumeSource" },
    secret: { kind: "object", of: "SecretVolumeSource" },
    storageos: { kind: "object", of: "StorageOSVolumeSource" },
    vsphereVolume: { kind: "object", of: "VsphereVirtualDiskVolumeSource" },
  },
  VolumeProjection: {
    clusterTrustBundle: { kind: "object", of: "ClusterTrustBundleProjection" },
    configMap: { kind: "object", of: "ConfigMapProjection" },
    downwardAPI: { kind: "object", of: "DownwardAPIProjection" },
    podCertificate: { kind: "object", of: "PodCertificateProjection" },
    secret: { kind: "object", of: "SecretProjection" },
    serviceAccountToken: { kind: "object", of: "ServiceAccountTokenProjection" },
  },
  VolumeResourceRequirements: {
    limits: { kind: "map" },
    requests: { kind: "map" },
  },
  WeightedPodAffinityTerm: {
    podAffinityTerm: { kind: "object", of: "PodAffinityTerm", always: true },
  },
  LabelSelector: {
    matchExpressions: { kind: "list", of: "LabelSelectorRequirement" },
    matchLabels: { kind: "map" },
  },
  LabelSelectorRequirement: {
    values: { kind: "list" },
  },
  ObjectMeta: {
    annotations: { kind: "map" },
    finalizers: { kind: "list", merge: true },
    labels: { kind: "map" },
    managedFields: { kind: "list", of: "ManagedFieldsEntry" },
    ownerReferences: { kind: "list", of: "OwnerReference", merge: true, key: "uid" },
  },
};
