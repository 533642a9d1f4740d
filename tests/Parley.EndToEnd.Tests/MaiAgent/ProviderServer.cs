using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Parley.DevHost;
using Parley.Testing;

namespace Parley.EndToEnd.Tests.MaiAgent;

/// <summary>
/// A host whose provider is a chat completions server that answers as a test says. Like many chat templates, the server
/// takes only conversations whose turns alternate, from the user's on, after one optional system message.
/// </summary>
internal sealed class ProviderServer : IAsyncDisposable
{
    private readonly WebApplication provider;
    private readonly FunctionsHost host;

    private ProviderServer(WebApplication provider, FunctionsHost host) => (this.provider, this.host) = (provider, host);

    /// <summary>The address of the API.</summary>
    public Uri Api => host.Api;

    public static async Task<ProviderServer> StartAsync(Func<JsonArray, HttpResponse, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/chat/completions", async (HttpContext context) =>
        {
            var request = await JsonNode.ParseAsync(context.Request.Body);
            var messages = request!["messages"]!.AsArray();
            if (!Alternate(messages))
            {
                context.Response.StatusCode = StatusCodes.Status400BadRequest;
                await context.Response.WriteAsync("""{"error":{"message":"Roles must alternate","code":400}}""");
                return;
            }

            context.Response.ContentType = "text/event-stream";
            await answer(messages, context.Response);
        });
        await app.StartAsync();
        return new ProviderServer(app, await TestHost.StartAsync(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = await AzuriteFixture.GetConnectionStringAsync(),
            ["Providers__main__Endpoint"] = app.Urls.Single(),
            ["Providers__main__Key"] = "none",
            ["Providers__main__Model"] = "strict",
        }));
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await provider.DisposeAsync();
    }

    private static bool Alternate(JsonArray messages)
    {
        var roles = messages.Select(message => message!["role"]!.GetValue<string>()).ToList();
        var turns = roles.Skip(roles is ["system", ..] ? 1 : 0);
        return turns.Index().All(turn => turn.Item == (turn.Index % 2 == 0 ? "user" : "assistant"));
    }
}
