import Directory
import LockModel

// Whoever is shut out by a guest of another node reads its name from the directory: also that of one
// that only reads or shares, which cannot sign the resource.
extension Guard {
  /// A guest of another node that is in the way of a claim.
  struct Stranger {
    let listing: Listing
    let held: Claim
    /// When it got what it holds; nil where only its owner's beginning is known.
    let since: Timestamp?
    /// How many others are in the way besides.
    let others: Int
  }

  /// Who is in the way of a claim according to the directory; where the resource names its holder, that
  /// very one and nobody else. Nil where the directory does not know.
  func stranger(_ refused: RefusedClaim, besides domain: Domain) -> Stranger? {
    let claim = refused.claim
    let candidates = directory.holders(of: claim.resource).flatMap { listing in
      listing.entry.claims.filter { held in
        held.resource == claim.resource && !held.mode.isCompatible(with: claim.mode)
          && listing.entry.owner.domain != domain.uuid
      }.map { (listing, $0) }
    }
    if let holder = refused.holder {
      return candidates.first { listing, _ in
        listing.node == holder.node && listing.entry.owner.domain == holder.domain
      }.map { Stranger(listing: $0, held: $1, since: holder.since, others: 0) }
    }
    return candidates.first.map {
      Stranger(listing: $0, held: $1, since: nil, others: candidates.count - 1)
    }
  }

  func explain(_ claim: Claim, others: Int, _ stranger: Stranger) -> (
    reason: String, advice: String
  ) {
    let (listing, held) = (stranger.listing, stranger.held)
    let entry = listing.entry
    let more = stranger.others == 0 ? "" : " (and \(stranger.others) more)"
    return (
      "\(wanted(claim, others: others)), but domain \(Quoted(entry.name)) (UUID "
        + "\(entry.owner.domain)) on \(place(listing.node))\(more) has held \(what(held, beside: claim)) "
        + "in \(held.purpose.words) since \(stranger.since ?? entry.since) (\(held.device), \(entry.phase))",
      advice(listing)
    )
  }

  private func advice(_ listing: Listing) -> String {
    let (node, domain) = (listing.node, listing.entry.owner.domain)
    let silence = silence(listing)
    if listing.entry.phase == "saved" {
      return
        "It is saved there, in the middle of its disks: start it on that node and shut it down, or "
        + "drop its saved state: \(virsh(node)) managedsave-remove \(domain)\(silence)\(ifDead(node))"
    }
    return "Shut it down there first: \(virsh(node)) domstate \(domain)\(silence)\(ifDead(node))"
  }

  /// What it means that nobody speaks for a node any more.
  func silence(_ listing: Listing) -> String {
    guard let since = listing.unattendedSince else { return "" }
    return
      ". This is what \(place(listing.node)) last said: its agent does not answer since \(since)"
  }

  /// The holder of the domain itself.
  func twin(of domain: Domain) -> (holder: Holder, silence: String)? {
    guard let listing = directory.owners(of: domain.uuid).first else { return nil }
    return (
      Holder(node: listing.node, domain: domain.uuid, mode: .ex, since: listing.entry.since),
      silence(listing)
    )
  }
}
