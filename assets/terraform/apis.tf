# terraform/apis.tf - the services that everything else asks. They stay enabled when the lab goes: others may use them.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
resource "google_project_service" "base" {
  for_each = toset([
    "compute.googleapis.com",
    "container.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "storage.googleapis.com",
  ])
  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

resource "google_project_service" "fleet" {
  for_each = toset([
    "gkehub.googleapis.com",
    "multiclusterservicediscovery.googleapis.com",
    "multiclusteringress.googleapis.com",
    "trafficdirector.googleapis.com",
  ])
  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
  depends_on         = [google_project_service.base]
}

resource "time_sleep" "fleet" {
  create_duration = var.settle
  depends_on      = [google_project_service.fleet]
}

# The account as which Google's multi-cluster controllers act on the clusters.
resource "google_project_service_identity" "ingress" {
  provider   = google-beta
  project    = var.project_id
  service    = "multiclusteringress.googleapis.com"
  depends_on = [google_project_service.fleet]
}
