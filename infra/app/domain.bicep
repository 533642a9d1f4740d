metadata description = 'A name of the operator\'s own, with a certificate that the platform issues and renews.'

param siteName string
param location string
param domain string

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

// The certificate is issued for a name that is bound already, so the first deployment binds it without one. A later one
// must not: TLS would be off until the second binding is done.
@onlyIfNotExists()
resource firstBinding 'Microsoft.Web/sites/hostNameBindings@2025-03-01' = {
  parent: site
  name: domain
  properties: {
    siteName: siteName
    hostNameType: 'Verified'
    customHostNameDnsRecordType: 'CName'
    sslState: 'Disabled'
  }
}

// Certificates of Flex Consumption belong to the site; it can have three.
resource certificate 'Microsoft.Web/sites/certificates@2025-03-01' = {
  parent: site
  name: replace(domain, '.', '-')
  location: location
  properties: {
    canonicalName: domain
  }
  dependsOn: [firstBinding]
}

// A template cannot declare one resource twice.
module binding 'domain-tls.bicep' = {
  params: {
    siteName: siteName
    domain: domain
    thumbprint: certificate.properties.thumbprint
  }
}
