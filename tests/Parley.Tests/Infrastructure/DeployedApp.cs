using System.Collections.Concurrent;
using System.Net;
using System.Reflection;
using System.Text.Json;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Parley.Functions;
using Parley.Functions.Api.Access;
using Parley.Storage;

namespace Parley.Tests.Infrastructure;

/// <summary>
/// Starts the app with the settings of a deployment, and records the settings that it reads and the storage resources
/// that it creates.
/// </summary>
internal sealed class DeployedApp
{
    // A well-formed key of an account that does not exist: the transports below respond in its place.
    private const string Storage =
        "DefaultEndpointsProtocol=https;AccountName=parley;AccountKey=AAAA;EndpointSuffix=parley.invalid";

    private readonly ReadSettings read = new();
    private readonly ConcurrentBag<(string Kind, string Name)> created = [];

    private DeployedApp()
    {
    }

    /// <summary>The settings that the app read, with their names in the environment.</summary>
    public IEnumerable<string> Settings => read.Names.Select(name => name.Replace(":", "__", StringComparison.Ordinal));

    /// <summary>The settings that triggers name as <c>%NAME%</c>.</summary>
    public static IEnumerable<string> TriggerSettings =>
        Triggers<TimerTriggerAttribute>().Select(trigger => trigger.Schedule.Trim('%'));

    /// <summary>The queues that trigger functions.</summary>
    public static IEnumerable<string> TriggerQueues =>
        Triggers<QueueTriggerAttribute>().Select(trigger => trigger.QueueName);

    /// <summary>The names of the functions.</summary>
    public static IEnumerable<string> Functions =>
        Methods().Select(method => method.GetCustomAttribute<FunctionAttribute>()!.Name);

    /// <summary>The names of the storage resources that the app created at its start.</summary>
    /// <param name="kind">table, container or queue.</param>
    public IEnumerable<string> CreatedResources(string kind) => created.Where(one => one.Kind == kind).Select(one => one.Name);

    private const string ResolvedSecret = "a-resolved-value-that-is-long-enough-for-a-key";

    /// <summary>Starts the app and authorizes the administrator once, which reads its key at every request.</summary>
    public static Task<DeployedApp> StartAsync(GoldenFiles deployment) => StartAsync(deployment.AppSettings);

    /// <summary>Starts the app with settings in the form of <see cref="GoldenFiles.AppSettings"/>.</summary>
    public static async Task<DeployedApp> StartAsync(IReadOnlyDictionary<string, string> settings)
    {
        var app = new DeployedApp();
        app.read.Set(settings.ToDictionary(setting => setting.Key, Resolve));
        var configuration = new ConfigurationBuilder().Add(app.read).Build();
        var services = new ServiceCollection().AddLogging().AddSingleton<IConfiguration>(configuration);
        services.AddParleyApp(configuration);
        await using (var provider = services.BuildServiceProvider())
        {
            _ = provider.GetRequiredService<TableServiceClient>();
            _ = provider.GetRequiredService<BlobServiceClient>();
            _ = provider.GetRequiredService<QueueServiceClient>();
            _ = provider.GetRequiredService<Parley.Webhooks.AllowedHosts>();
            var request = new DefaultHttpContext { RequestServices = provider }.Request;
            request.Headers.Authorization = $"Bearer {ResolvedSecret}";
            await provider.GetRequiredService<global::Parley.Functions.Api.Access.Authorization>()
                .AuthorizeAsync(request, new FunctionAccess(Scopes: null, IsForAdministrator: true));
        }

        await app.MakeStorageAsync(configuration);
        return app;
    }

    /// <summary>Replaces an expression with a value such as Azure would insert: an address, an id, a secret.</summary>
    private static string Resolve(KeyValuePair<string, string> setting) =>
        !setting.Value.StartsWith('[') ? setting.Value
        : setting.Key.EndsWith("ServiceUri", StringComparison.Ordinal) ? "https://storage.invalid"
        : setting.Key.StartsWith("Secrets__Keys__", StringComparison.Ordinal) ? Convert.ToBase64String(new byte[72])
        : ResolvedSecret;

    private async Task MakeStorageAsync(IConfiguration configuration)
    {
        HttpPipelineTransport Transport() => new HttpClientTransport(new HttpClient(new CreationHandler(created)));
        var services = new ServiceCollection().AddLogging();
        services.AddSingleton(new TableServiceClient(Storage, new TableClientOptions { Transport = Transport() }));
        services.AddSingleton(new BlobServiceClient(Storage, new BlobClientOptions { Transport = Transport() }));
        services.AddSingleton(new QueueServiceClient(Storage, new QueueClientOptions { Transport = Transport() }));
        services.AddParley(configuration);
        await using var provider = services.BuildServiceProvider();
        await provider.GetServices<IHostedService>().OfType<StorageCreation>().Single().StartAsync(CancellationToken.None);
    }

    private static IEnumerable<MethodInfo> Methods() =>
        typeof(ParleyApp).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.IsDefined(typeof(FunctionAttribute)));

    private static IEnumerable<T> Triggers<T>()
        where T : Attribute =>
        Methods()
            .SelectMany(method => method.GetParameters())
            .Select(parameter => parameter.GetCustomAttribute<T>())
            .OfType<T>();

    /// <summary>Settings that record the names that were read.</summary>
    private sealed class ReadSettings : ConfigurationProvider, IConfigurationSource
    {
        private readonly ConcurrentDictionary<string, bool> names = new(StringComparer.OrdinalIgnoreCase);

        public IEnumerable<string> Names => names.Keys;

        public void Set(IReadOnlyDictionary<string, string> settings)
        {
            foreach (var (name, value) in settings)
            {
                Data[name.Replace("__", ":", StringComparison.Ordinal)] = value;
            }
        }

        public override bool TryGet(string key, out string? value)
        {
            names[key] = true;
            return base.TryGet(key, out value);
        }

        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;
    }

    /// <summary>Responds to every creation request with 201, and records the resource.</summary>
    private sealed class CreationHandler(ConcurrentBag<(string Kind, string Name)> created) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var (host, path) = (request.RequestUri!.Host, request.RequestUri.AbsolutePath.Trim('/'));
            if (host.Contains(".table.", StringComparison.Ordinal))
            {
                using var body = JsonDocument.Parse(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
                created.Add(("table", body.RootElement.GetProperty("TableName").GetString()!));
            }
            else
            {
                created.Add((host.Contains(".blob.", StringComparison.Ordinal) ? "container" : "queue", path));
            }

            return new HttpResponseMessage(HttpStatusCode.Created)
            {
                RequestMessage = request,
                Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json"),
            };
        }
    }
}
