"""The shape of the store, one migration a change; a released migration is never edited.

Paths are BLOBs: a Linux path is bytes, and not all of them are UTF-8. Times of events are UTC text (ISO 8601).
"""

from familiar.store.migrations import clusters, files, flickr, journal, people, photos, sidecars
from familiar.store.migrations.sequence import StoreMigrations

__all__ = ["migrations"]

migrations = StoreMigrations(
    (
        photos.create_store,
        journal.create_journal,
        photos.add_videos,
        clusters.add_clusters,
        journal.widen_journal,
        files.add_sightings,
        journal.add_batches,
        sidecars.add_sidecars,
        flickr.add_flickr,
        files.add_disks,
        photos.add_views_of_faces,
        journal.name_kinds,
        people.keep_removed_references,
        people.add_models,
        photos.keep_scores_of_detectors,
        photos.keep_quality,
        photos.keep_sources_of_dates,
        files.keep_times_of_changes,
        files.count_files_passed_by,
        photos.keep_damage,
        flickr.keep_punctuation_of_tags,
        photos.keep_faces_of_clips,
        sidecars.keep_turns_of_sidecars,
        photos.look_again_at_damaged_photos,
        flickr.keep_what_flickr_says,
        flickr.keep_details_of_flickr_photos,
        flickr.keep_albums_of_flickr,
        people.keep_covers_and_hidden_people,
        flickr.tell_accounts_apart,
        flickr.keep_wordings_of_flickr,
        photos.index_timeline,
        flickr.keep_marked_people,
        files.tell_arrivals_from_the_backlog,
        people.index_matches,
        flickr.decide_again_on_tags_of_the_same_content,
        flickr.keep_dates_of_deleted_photos,
        flickr.keep_albums_of_deleted_photos,
        photos.mark_changed_embeddings,
        people.look_up_kept_embeddings_of_references,
        flickr.keep_failures_of_tags,
        people.note_what_faces_are_matched_with,
        journal.tell_outdated_operations,
        people.go_on_with_matching,
        files.settle_arrivals_before_the_backlog,
    )
)
"""All migrations in their order; a new one comes last."""
