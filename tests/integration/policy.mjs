// policy - a policy of the gate for stories with few groups. Of theirs 11 to 14 are held out: perhaps too few to say that
// under 20 % are worse, and enough for 40 %. Imported, never run.
export const fewGroups = JSON.stringify({ schema: 1, p0: 0.2, margin: 0.4, level_shard: 0.1, level_harm: 0.05, held_in_share: 0.6,
    missing_max: 0.1, held_out_groups_min: 3, patch_lines_max: 60, so_growth_max: 65536, slowdown_max: 100, prefix_breaks_max: 0, claims: true })
