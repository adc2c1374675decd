import Directory

/// What comes from the group of all agents.
public enum DirectoryNews: Sendable {
  /// Who is there now.
  case view(ClusterView)
  /// What another agent says.
  case heard(Heard)
  /// What was to be announced did not all go out: it has to be said anew, whole.
  case missed
  /// The group cannot be reached; what it told counts no more.
  case severed
  /// What this node is configured to, now and after each change.
  case settings(SettingsDigest)
}
