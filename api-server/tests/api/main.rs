//! What an API server does: each test runs against the one in memory and, where there is one, against the real one.
//!
//! A real one is taken from `KUBECONFIG`, if it is on this machine. `fake-node/e2e/real_api_server.sh` starts one from
//! the programs in `KUBEBUILDER_ASSETS` and runs these tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test may stop"
)]

mod access;
mod apply;
mod chaos;
mod create;
mod definitions;
mod delete;
mod garbage;
mod logs;
mod namespaces;
mod nodes;
mod patch;
mod pods;
mod read;
mod scale;
mod server;
mod status;
mod tables;
mod update;
mod watch;
mod workloads;

macro_rules! against_both_servers {
    ($($group:ident { $($case:ident)+ })+) => {
        mod in_memory {
            $(mod $group {
                $(#[tokio::test]
                async fn $case() {
                    crate::$group::$case(&crate::server::Server::in_memory().await).await;
                })+
            })+
        }

        mod real {
            $(mod $group {
                $(#[tokio::test]
                async fn $case() {
                    if let Some(server) = crate::server::Server::real().await {
                        crate::$group::$case(&server).await;
                    }
                })+
            })+
        }
    };
}

against_both_servers! {
    create {
        a_new_pod_gets_its_defaults_and_what_only_the_server_knows
        a_status_that_the_creator_writes_is_dropped
        a_name_is_made_from_its_prefix
        what_is_there_is_not_made_again
        a_namespace_has_to_exist
        an_object_of_another_kind_or_namespace_is_refused
        an_invalid_pod_is_refused_field_by_field
        what_is_no_json_is_refused
        a_dry_run_leaves_nothing
        a_gated_pod_is_told_that_it_waits
        the_quality_of_service_follows_from_the_resources
    }
    read {
        what_is_not_there_is_not_found
        a_path_that_leads_nowhere_is_not_found
        a_method_that_makes_no_sense_is_not_allowed
        a_list_says_its_kind_and_its_version
        labels_select
        fields_select
        a_selector_that_cannot_be_understood_is_refused
        a_list_comes_in_pages
        a_version_that_is_yet_to_come_is_refused
        a_list_can_be_read_as_it_was
    }
    update {
        a_replaced_object_is_as_it_is_written
        an_object_that_has_changed_meanwhile_is_not_replaced
        another_object_of_that_name_is_not_replaced
        a_name_does_not_change
        what_the_server_writes_cannot_be_written
        the_generation_counts_new_specs_and_nothing_else
        what_changes_nothing_is_no_change
        a_pod_can_change_its_image_and_little_else
        labels_have_to_be_well_formed
    }
    patch {
        a_merge_patch_merges_maps_and_replaces_lists
        a_strategic_patch_merges_lists_by_their_keys
        a_strategic_patch_deletes_replaces_and_orders
        a_json_patch_goes_step_by_step
        a_patch_that_is_none_is_refused
        a_patch_of_what_is_not_there_is_refused
        a_patch_can_say_on_which_version_it_is_based
        a_strategic_patch_that_does_not_fit_is_refused
    }
    delete {
        a_pod_without_a_node_goes_at_once
        a_pod_on_a_node_gets_its_grace
        a_second_deletion_can_only_shorten_the_first
        a_pod_that_has_ended_goes_at_once
        no_grace_is_the_end
        preconditions_hold_it_up
        finalizers_hold_it_up
        no_finalizer_is_added_while_it_goes
        what_carries_little_is_answered_with_a_status
        a_collection_is_deleted_as_far_as_it_is_selected
        an_unknown_policy_is_refused
    }
    status {
        the_status_is_written_apart_from_the_rest
        a_container_that_is_not_to_be_restarted_does_not_run_again
        a_container_that_is_to_be_restarted_runs_again
        the_quality_of_service_stays
        a_status_can_be_written_with_labels
    }
    pods {
        a_pod_is_bound_once
        a_gated_pod_is_not_bound
        an_eviction_says_why_and_deletes
        an_eviction_asks_the_disruption_budget
        ephemeral_containers_are_added_and_never_changed
        resources_can_be_resized
    }
    apply {
        what_is_not_there_is_created_and_owned
        what_is_applied_no_longer_is_removed
        a_field_of_another_manager_is_a_conflict_until_it_is_forced
        an_update_takes_fields_and_conflicts_with_its_version
        lists_are_merged_by_their_keys
        a_status_is_applied_apart
        an_apply_needs_a_manager_and_only_it_can_be_forced
        yaml_is_applied_as_well
        a_writer_is_known_by_what_it_wrote
        unknown_fields_are_refused_named_or_dropped
        a_value_of_another_type_is_refused
    }
    workloads {
        a_deployment_gets_its_defaults_and_its_pods_theirs
        a_job_selects_its_pods_by_its_uid
    }
    access {
        an_administrator_may_do_everything
        a_review_that_asks_nothing_is_refused
        a_review_cannot_be_read
    }
    scale {
        a_scale_shows_the_replicas_of_its_object
        writing_a_scale_changes_the_replicas_and_counts_the_generation
        there_are_no_fewer_replicas_than_none
    }
    nodes {
        unreserved_capacity_is_allocatable
        a_node_is_told_apart_by_its_conditions
    }
    namespaces {
        some_namespaces_stay
        nothing_new_comes_into_a_namespace_that_goes
        a_namespace_goes_when_it_is_finalized
    }
    definitions {
        what_is_defined_is_served
        a_custom_object_counts_its_generations
        a_custom_object_is_replaced_only_by_one_that_knows_it
    }
    watch {
        a_watch_tells_what_happens_after_its_version
        a_watch_without_a_version_begins_with_what_is_there
        initial_events_end_with_a_bookmark
        what_goes_out_of_sight_is_deleted_for_the_watcher
        a_watch_can_be_about_one_object
        a_watch_ends_when_its_time_is_over
    }
    tables {
        pods_are_shown_as_rows
        workloads_are_shown_as_rows
        a_definition_names_the_columns_of_its_objects
        only_metadata_can_be_asked_for
        another_format_is_refused
        an_event_of_one_group_is_an_event_of_the_other
    }
}
