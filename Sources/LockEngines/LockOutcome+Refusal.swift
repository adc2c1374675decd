import CLinux
import LockModel

extension LockOutcome {
  var isGranted: Bool {
    if case .granted = self { true } else { false }
  }

  /// What an outcome that is no grant means for a claim.
  func refusal(of claim: Claim, holder: Holder?) -> RefusedClaim {
    switch self {
    case .granted, .refused, .cancelled, .deadlock: return RefusedClaim(claim, holder: holder)
    case .unknownLock, .released:
      return RefusedClaim(
        claim,
        failure:
          "the lock manager has lost its lockspace or a lock in it: systemctl restart dlmguardd")
    case .busy, .invalid:
      return RefusedClaim(
        claim, failure: "the lock manager did not take the request (\(self)): this is a bug")
    case .failed(let error):
      let text = String(cString: dlmguard_error_text(error))
      return RefusedClaim(
        claim, failure: "the lock manager says: \(text); see dmesg | grep dlm")
    }
  }
}
