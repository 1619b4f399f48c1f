# terraform/variables.tf - what differs from one lab to another.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
variable "project_id" {
  description = "Project in which the lab stands."
  type        = string
}

variable "regions" {
  description = "Where the lab stands, by region: its zone with TPU v6e, and the names and ranges there."
  type = map(object({
    zone        = string
    cluster     = string
    node_pool   = string
    address     = string
    node_range  = string
    proxy_range = string
  }))
}

variable "config_cluster" {
  description = "Cluster whose Gateway objects steer every region."
  type        = string
}

variable "bucket" {
  description = "Bucket for the model's weights; null: PROJECT-gemma-weights."
  type        = string
  default     = null
}

variable "network_prefix" {
  description = "Begins the names of the network, its subnets and its firewall rules."
  type        = string
  default     = "tpu-gke-dranet"
}

variable "workload_account" {
  description = "NAMESPACE/NAME of the Kubernetes service account as which the model servers run."
  type        = string
  default     = "default/gemma-ksa"
}

variable "settle" {
  description = "How long an API that was just enabled is given before it is used."
  type        = string
  default     = "60s"
}

locals {
  bucket = coalesce(var.bucket, "${var.project_id}-gemma-weights")
}
