extension Configuration {
  /// What a running agent makes of a new configuration: everything new but what only its start
  /// decides.
  ///
  /// - Returns: the configuration to go on with, and the keys of what stays as it was although the
  ///   new one says otherwise.
  public func replaced(by new: Configuration) -> (Configuration, needsRestart: [String]) {
    var result = new
    var keys: [String] = []
    for setting in Setting.all where setting.isFixed {
      if setting.shown(self) != setting.shown(new) { keys.append(setting.key) }
      setting.copy(self, &result)
    }
    return (result, keys)
  }
}
