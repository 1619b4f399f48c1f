# terraform/network.tf - the network of the lab: nodes, the gateway's proxies, its addresses, and who may come in.
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: the tidegate authors
resource "google_compute_network" "vpc" {
  name                    = "${var.network_prefix}-vpc"
  auto_create_subnetworks = false
  mtu                     = 8896 # what the TPU network interfaces need
  depends_on              = [google_project_service.base]
}

resource "google_compute_subnetwork" "nodes" {
  for_each      = var.regions
  name          = "${var.network_prefix}-node-subnet"
  region        = each.key
  network       = google_compute_network.vpc.id
  ip_cidr_range = each.value.node_range
}

# Without one in each region the gateway is never Programmed.
resource "google_compute_subnetwork" "proxies" {
  for_each      = var.regions
  name          = "${var.network_prefix}-proxy-subnet-${each.key}"
  region        = each.key
  network       = google_compute_network.vpc.id
  ip_cidr_range = each.value.proxy_range
  purpose       = "GLOBAL_MANAGED_PROXY"
  role          = "ACTIVE"
}

resource "google_compute_address" "gateway" {
  for_each     = var.regions
  name         = each.value.address
  region       = each.key
  subnetwork   = google_compute_subnetwork.nodes[each.key].id
  address_type = "INTERNAL"
}

resource "google_compute_firewall" "internal" {
  name          = "${var.network_prefix}-allow-internal"
  network       = google_compute_network.vpc.id
  source_ranges = ["10.0.0.0/8", "10.1.0.0/16"]
  allow {
    protocol = "all"
  }
}

# The ranges from which Google's health checks come.
resource "google_compute_firewall" "health_checks" {
  name          = "${var.network_prefix}-allow-hc"
  network       = google_compute_network.vpc.id
  source_ranges = ["130.211.0.0/22", "35.191.0.0/16"]
  allow {
    protocol = "tcp"
    ports    = ["8000"]
  }
}
