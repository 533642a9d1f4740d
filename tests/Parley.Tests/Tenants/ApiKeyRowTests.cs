using Azure.Data.Tables;
using Parley.Core;
using Parley.Tenants;
using Xunit;

namespace Parley.Tests.Tenants;

public class ApiKeyRowTests
{
    [Fact]
    public void A_key_of_an_earlier_version_that_manages_chatbots_uses_them_too()
    {
        var row = Row(Scopes.AssistantsWrite | Scopes.MessagesRead);
        row.Remove("ScopesAreExact");

        Assert.Equal(
            Scopes.AssistantsWrite | Scopes.AssistantsUse | Scopes.MessagesRead, ApiKeyRow.Read(row).Scopes);
    }

    [Theory]
    [InlineData(Scopes.AssistantsWrite)]
    [InlineData(Scopes.AssistantsUse)]
    [InlineData(Scopes.MessagesRead | Scopes.Admin | Scopes.AuditRead)]
    public void A_new_key_has_the_scopes_that_it_was_given(Scopes scopes) =>
        Assert.Equal(scopes, ApiKeyRow.Read(Row(scopes)).Scopes);

    private static TableEntity Row(Scopes scopes) => ApiKeyRow.Create(new ApiKey
    {
        Tenant = new TenantId(1),
        Number = 1,
        Label = "Key",
        Scopes = scopes,
        CreatedAt = DateTimeOffset.UnixEpoch,
        Hash = "hash",
    });
}
