# terraform/storage.tf - the bucket for the weights, and the account as which Pods read it.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
resource "google_storage_bucket" "weights" {
  name                        = local.bucket
  location                    = "US"
  force_destroy               = true # the weights can be downloaded again
  uniform_bucket_level_access = true
  depends_on                  = [google_project_service.base]
}

resource "google_service_account" "fuse" {
  account_id   = "gcs-fuse-sa"
  display_name = "Service Account for GCS FUSE"
  depends_on   = [google_project_service.base]
}

resource "google_storage_bucket_iam_member" "fuse" {
  bucket = google_storage_bucket.weights.name
  role   = "roles/storage.objectAdmin"
  member = "serviceAccount:${google_service_account.fuse.email}"
}
