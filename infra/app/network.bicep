metadata description = 'A network in which the app reaches storage privately. Storage has no public address then.'

import { tagsType } from 'types.bicep'

param name string
param location string
param tags tagsType
param storageName string
param storageId string

@description('A /24 or larger. The first quarter is for the app, the second for the private endpoints.')
param addressPrefix string

var services = ['blob', 'queue', 'table']
var appSubnet = 'app'
var endpointSubnet = 'endpoints'

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [addressPrefix]
    }
    // Within the network: subnets that are resources of their own are removed and made again at every deployment.
    subnets: [
      {
        name: appSubnet
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          // Providers and the receivers of callbacks are on the internet, which new subnets do not reach by default.
          defaultOutboundAccess: true
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: endpointSubnet
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }

  resource app 'subnets' existing = {
    name: appSubnet
  }

  resource endpoints 'subnets' existing = {
    name: endpointSubnet
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: {
    name: 'privatelink.${service}.${environment().suffixes.storage}'
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, i) in services: {
    parent: zones[i]
    name: name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: network.id
      }
    }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for service in services: {
    name: 'pe-${storageName}-${service}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: network::endpoints.id
      }
      privateLinkServiceConnections: [
        {
          name: service
          properties: {
            privateLinkServiceId: storageId
            groupIds: [service]
          }
        }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (service, i) in services: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service
          properties: {
            privateDnsZoneId: zones[i].id
          }
        }
      ]
    }
    // The endpoint's name must lead to it before the app looks it up.
    dependsOn: [links[i]]
  }
]

output appSubnetId string = network::app.id
