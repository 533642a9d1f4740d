namespace Azure.Data.Tables.Wire;

/// <summary>Connection strings of accounts with keys. Errors name settings, never values.</summary>
internal static class ConnectionString
{
    // Azurite's account, the same everywhere; its key is public.
    private const string DevelopmentAccount = "devstoreaccount1";
    private const string DevelopmentKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    public static (Uri Endpoint, TableSharedKeyCredential Credential) Parse(string connectionString)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        var settings = Split(connectionString);

        if (settings.GetValueOrDefault("UseDevelopmentStorage") == "true")
            return (new Uri($"http://127.0.0.1:10002/{DevelopmentAccount}"), new TableSharedKeyCredential(DevelopmentAccount, DevelopmentKey));

        var account = settings.GetValueOrDefault("AccountName");
        var key = settings.GetValueOrDefault("AccountKey");
        var endpoint = settings.GetValueOrDefault("TableEndpoint");
        var suffix = settings.GetValueOrDefault("EndpointSuffix");
        if (account == null || key == null || (endpoint == null && suffix == null))
        {
            throw new ArgumentException(
                "The connection string needs AccountName, AccountKey, and TableEndpoint or EndpointSuffix.", nameof(connectionString));
        }

        endpoint ??= $"{settings.GetValueOrDefault("DefaultEndpointsProtocol", "https")}://{account}.table.{suffix}";
        return (new Uri(endpoint), new TableSharedKeyCredential(account, key));
    }

    private static Dictionary<string, string> Split(string connectionString)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var setting in connectionString.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            // A key in base64 ends in '=', so only the first one separates.
            var separator = setting.IndexOf('=');
            if (separator <= 0 || separator == setting.Length - 1)
                throw new InvalidOperationException("A setting of the connection string is not of the form name=value.");
            if (!settings.TryAdd(setting[..separator].Trim(), setting[(separator + 1)..].Trim()))
                throw new InvalidOperationException($"Duplicate keyword '{setting[..separator].Trim()}' found in connection string.");
        }

        return settings;
    }
}
