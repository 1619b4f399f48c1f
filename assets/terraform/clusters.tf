# terraform/clusters.tf - a zonal cluster in each region, and its TPU node pool with managed DRANET.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
resource "google_container_cluster" "clusters" {
  provider            = google-beta
  for_each            = var.regions
  name                = each.value.cluster
  location            = each.value.zone
  deletion_protection = false
  network             = google_compute_network.vpc.id
  subnetwork          = google_compute_subnetwork.nodes[each.key].id
  datapath_provider   = "ADVANCED_DATAPATH"
  networking_mode     = "VPC_NATIVE"
  initial_node_count  = 1

  release_channel {
    channel = "RAPID"
  }
  gateway_api_config {
    channel = "CHANNEL_STANDARD"
  }
  ip_allocation_policy {
    stack_type = "IPV4"
  }
  workload_identity_config {
    workload_pool = "${var.project_id}.svc.id.goog"
  }
  addons_config {
    gcs_fuse_csi_driver_config {
      enabled = true
    }
  }
  node_config {
    machine_type = "e2-standard-16"
    oauth_scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }
}

# For one member: a binding would take the role from every other member of the project. The pool that the member is of
# exists from the project's first cluster on.
resource "google_project_iam_member" "workload_identity" {
  project    = var.project_id
  role       = "roles/iam.workloadIdentityUser"
  member     = "serviceAccount:${var.project_id}.svc.id.goog[${var.workload_account}]"
  depends_on = [google_container_cluster.clusters]
}

resource "google_container_node_pool" "tpu" {
  provider   = google-beta
  for_each   = var.regions
  name       = each.value.node_pool
  location   = each.value.zone
  cluster    = google_container_cluster.clusters[each.key].name
  node_count = 1

  network_config {
    accelerator_network_profile = "auto"
  }
  node_config {
    machine_type = "ct6e-standard-4t"
    oauth_scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    labels       = { "cloud.google.com/gke-networking-dra-driver" = "true" }
    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }
  lifecycle {
    ignore_changes = [node_config[0].labels] # GKE adds its own
  }
}
