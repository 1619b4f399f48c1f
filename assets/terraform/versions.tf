# terraform/versions.tf - what Terraform needs to describe the lab's infrastructure.
#
# The same things as the steps of labs/gemma-two-region.yaml, of which each names its own by -target. Values come from
# terraform.tfvars.json, which is written from the lab file.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
terraform {
  required_version = ">= 1.5.7"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.0"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "~> 7.0"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.11"
    }
  }
}

# Who made a thing is told by Terraform's state; a label of its own on everything would be a change to what was there.
provider "google" {
  project                         = var.project_id
  add_terraform_attribution_label = false
}

provider "google-beta" {
  project                         = var.project_id
  add_terraform_attribution_label = false
}
