# terraform/outputs.tf - what a person wants to know of the infrastructure when it stands.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
output "gateway_addresses" {
  description = "Internal address of the gateway in each region."
  value       = { for region, address in google_compute_address.gateway : region => address.address }
}

output "contexts" {
  description = "The kubectl context of each cluster, as gcloud container clusters get-credentials names it."
  value       = { for region, place in var.regions : region => "gke_${var.project_id}_${place.zone}_${place.cluster}" }
}

output "bucket" {
  description = "Where the model's weights are."
  value       = google_storage_bucket.weights.url
}
