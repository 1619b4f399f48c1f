# terraform/fleet.tf - the clusters as one fleet, with multi-cluster services and ingress.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
resource "google_project_iam_member" "ingress" {
  project    = var.project_id
  role       = "roles/container.admin"
  member     = "serviceAccount:${google_project_service_identity.ingress.email}"
  depends_on = [time_sleep.fleet]
}

resource "google_gke_hub_membership" "memberships" {
  provider      = google-beta
  for_each      = var.regions
  project       = var.project_id
  membership_id = each.value.cluster
  endpoint {
    gke_cluster {
      resource_link = "//container.googleapis.com/${google_container_cluster.clusters[each.key].id}"
    }
  }
  depends_on = [time_sleep.fleet]
}

resource "google_gke_hub_feature" "service_discovery" {
  provider   = google-beta
  name       = "multiclusterservicediscovery"
  location   = "global"
  project    = var.project_id
  depends_on = [time_sleep.fleet, google_gke_hub_membership.memberships]
}

resource "google_gke_hub_feature" "ingress" {
  provider   = google-beta
  name       = "multiclusteringress"
  location   = "global"
  project    = var.project_id
  depends_on = [google_gke_hub_membership.memberships, google_project_iam_member.ingress]
  spec {
    multiclusteringress {
      config_membership = "projects/${var.project_id}/locations/global/memberships/${var.config_cluster}"
    }
  }
}
