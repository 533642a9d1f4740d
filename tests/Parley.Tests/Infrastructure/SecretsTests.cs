using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Parley.Tests.Infrastructure;

public class SecretsTests
{
    private const string Secrets = "Microsoft.KeyVault/vaults/secrets";
    private static readonly Regex SecureType = new("^secure(String|Object)$", RegexOptions.IgnoreCase);

    /// <summary>
    /// Functions and properties of Azure whose values are secret, such as list…() and connection strings.
    /// </summary>
    private static readonly Regex SecretExpression =
        new(@"\blist\w*\(|ConnectionString|InstrumentationKey|getSecret|newGuid", RegexOptions.IgnoreCase);

    [Fact]
    public void Keys_are_secure_parameters_in_every_template()
    {
        // adminKeyName is the name of the secret.
        var keys = Templates(GoldenFiles.Template).SelectMany(template => Members(template, "parameters"))
            .Where(parameter => parameter.Name.Contains("key", StringComparison.OrdinalIgnoreCase))
            .Where(parameter => parameter.Name != "adminKeyName")
            .ToList();

        var names = keys.Select(parameter => parameter.Name).Distinct();
        Assert.Equal(["adminKey", "generatedAdminKey", "generatedSealingKey", "providerKeys"], names.Order(StringComparer.Ordinal));
        Assert.All(keys, parameter => Assert.Matches(SecureType, parameter.Value.GetProperty("type").GetString()));
    }

    [Fact]
    public void Only_the_vault_holds_the_values_of_secure_parameters()
    {
        var secure = string.Join('|', Templates(GoldenFiles.Template).SelectMany(SecureParameters).Distinct());
        var mention = new Regex($@"parameters\('({secure})'\)|newGuid");
        var given = new[] { GoldenFiles.EverythingSettings["PARLEY_ADMIN_KEY"], "a-provider-key-for-the-golden-files" };
        Assert.Contains(given[1], GoldenFiles.EverythingSettings["PARLEY_PROVIDER_KEYS"], StringComparison.Ordinal);

        foreach (var deployment in new[] { GoldenFiles.Defaults, GoldenFiles.Everything })
        {
            Assert.All(deployment.Resources.Where(resource => resource.Type != Secrets), resource =>
            {
                var text = Text(resource.Json);
                Assert.DoesNotMatch(mention, text);
                Assert.All(given, key => Assert.DoesNotContain(key, text, StringComparison.Ordinal));
            });
            Assert.All(deployment.All(Secrets), secret => Assert.Matches(mention, secret["value"].GetString()));
        }
    }

    [Fact]
    public void No_output_is_a_secret()
    {
        foreach (var template in Templates(GoldenFiles.Template))
        {
            var parameters = SecureParameters(template).Select(name => $@"parameters\('{name}'\)");
            var expressions = string.Join('|', parameters.Prepend($"{SecretExpression}"));
            var secret = new Regex(expressions, RegexOptions.IgnoreCase);
            Assert.All(Members(template, "outputs"), output => Assert.DoesNotMatch(secret, Text(output.Value)));
        }

        var outputs = GoldenFiles.Everything.Outputs.Values.Concat(GoldenFiles.Defaults.Outputs.Values);
        Assert.All(outputs, value => Assert.DoesNotMatch(SecretExpression, value));
    }

    [Fact]
    public void The_app_reads_its_keys_from_the_vault()
    {
        var settings = GoldenFiles.Everything.AppSettings;
        var secrets = GoldenFiles.Everything.All(Secrets).Select(secret => secret.ShortName).ToHashSet();

        var references = settings.Where(setting => setting.Key.EndsWith("Key", StringComparison.Ordinal))
            .Select(setting => $"{setting.Key} = {SecretOf(setting.Value)}");
        Assert.Equal(
            [
                "Parley__AdminKey = admin-key",
                "Providers__main__Key = provider-main",
                "Providers__second_one__Key = provider-second-one",
                "Secrets__Keys__0__Key = sealing-k-2",
                "Secrets__Keys__1__Key = sealing-k1",
            ],
            references.Order(StringComparer.Ordinal));
        Assert.Equal(
            ["admin-key", "provider-main", "provider-second-one", "sealing-k-2", "sealing-k1"], secrets.Order(StringComparer.Ordinal));

        static string SecretOf(string value)
        {
            const string Reference = @"^\[format\('@Microsoft\.KeyVault\(SecretUri=\{0\}/\{1\}\)', .*'([\w-]+)'\)\]$";
            return Regex.Match(value, Reference).Groups[1].Value;
        }
    }

    [Fact]
    public void A_generated_admin_key_is_stored_once_and_a_given_one_each_time()
    {
        var all = Templates(GoldenFiles.Template).SelectMany(Resources)
            .Where(resource => resource.GetProperty("type").GetString() == Secrets)
            .Where(resource => Text(resource).Contains("dminKey", StringComparison.Ordinal))
            .ToList();

        var once = Assert.Single(all, IsOnlyIfNotExists);
        Assert.Equal("[parameters('generatedAdminKey')]", ValueOf(once));
        Assert.Equal("[empty(parameters('adminKey'))]", once.GetProperty("condition").GetString());
        var always = Assert.Single(all, resource => !IsOnlyIfNotExists(resource));
        Assert.Equal("[parameters('adminKey')]", ValueOf(always));
        Assert.Equal("[not(empty(parameters('adminKey')))]", always.GetProperty("condition").GetString());

        static bool IsOnlyIfNotExists(JsonElement resource) =>
            resource.TryGetProperty("@options", out var options) && options.TryGetProperty("onlyIfNotExists", out _);

        static string? ValueOf(JsonElement secret) => secret.GetProperty("properties").GetProperty("value").GetString();
    }

    /// <summary>A replaced key could not open what it has sealed.</summary>
    [Fact]
    public void A_sealing_key_is_made_for_each_id_and_never_replaced()
    {
        var keys = Assert.Single(
            Templates(GoldenFiles.Template).SelectMany(Resources),
            resource => resource.GetProperty("type").GetString() == Secrets
                && Text(resource).Contains("SealingKey", StringComparison.Ordinal));

        Assert.True(keys.GetProperty("@options").TryGetProperty("onlyIfNotExists", out _));
        Assert.Equal("[length(parameters('sealingIds'))]", keys.GetProperty("copy").GetProperty("count").GetString());
        Assert.Equal(
            "[base64(format('{0}-{1}', parameters('generatedSealingKey'), parameters('sealingIds')[copyIndex()]))]",
            keys.GetProperty("properties").GetProperty("value").GetString());
        Assert.Equal("k1", GoldenFiles.Defaults.AppSettings["Secrets__Keys__0__Id"]);
    }

    /// <summary>The template and those of its modules.</summary>
    private static IEnumerable<JsonElement> Templates(JsonElement template) => Resources(template)
        .Where(resource => resource.GetProperty("type").GetString() == "Microsoft.Resources/deployments")
        .SelectMany(module => Templates(module.GetProperty("properties").GetProperty("template")))
        .Prepend(template);

    // A list, or an object by symbolic name in the language version that user-defined types need.
    private static IEnumerable<JsonElement> Resources(JsonElement template) =>
        template.GetProperty("resources") is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray()
            : Members(template, "resources").Select(resource => resource.Value);

    private static IEnumerable<string> SecureParameters(JsonElement template) =>
        Members(template, "parameters")
            .Where(parameter => parameter.Value.TryGetProperty("type", out var type)
                && SecureType.IsMatch(type.GetString()!))
            .Select(parameter => parameter.Name);

    private static JsonElement.ObjectEnumerator Members(JsonElement template, string name) =>
        template.TryGetProperty(name, out var found) ? found.EnumerateObject() : default;

    /// <summary>The JSON with unescaped quotation marks, as in expressions.</summary>
    private static string Text(JsonElement json) => Regex.Unescape(json.GetRawText());
}
