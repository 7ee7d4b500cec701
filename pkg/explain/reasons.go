package explain

// Reason is what is wrong, in one word that does not change.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	NotRestored          Reason = "NotRestored"
	BeingDeleted         Reason = "BeingDeleted"
	NamespaceTerminating Reason = "NamespaceTerminating"
	WrongClusterName     Reason = "WrongClusterName"
	BootstrapMissing     Reason = "BootstrapMissing"
	BootstrapInvalid     Reason = "BootstrapInvalid"
	NotMoved             Reason = "NotMoved"
	MovedAway            Reason = "MovedAway"
	MoveInterrupted      Reason = "MoveInterrupted"
	TakenBack            Reason = "TakenBack"
	WrongCA              Reason = "WrongCA"
	TokenExpired         Reason = "TokenExpired"
	CertificateExpired   Reason = "CertificateExpired"
	AgentDown            Reason = "AgentDown"
	CSRDenied            Reason = "CSRDenied"
	CSRLimit             Reason = "CSRLimit"
	CSRPending           Reason = "CSRPending"
	CSRRefused           Reason = "CSRRefused"
	CSRNotSigned         Reason = "CSRNotSigned"
	BootstrapForbidden   Reason = "BootstrapForbidden"
	Unreachable          Reason = "Unreachable"
	AgentSilent          Reason = "AgentSilent"
	NotAccepted          Reason = "NotAccepted"
	AcceptanceRefused    Reason = "AcceptanceRefused"
	HubNotActing         Reason = "HubNotActing"
	ClockSkew            Reason = "ClockSkew"
	NotJoined            Reason = "NotJoined"
	Unavailable          Reason = "Unavailable"
	AddOnUnavailable     Reason = "AddOnUnavailable"
	WorkNotApplied       Reason = "WorkNotApplied"
	WorkFailed           Reason = "WorkFailed"
	WorkloadAtRisk       Reason = "WorkloadAtRisk"
)
