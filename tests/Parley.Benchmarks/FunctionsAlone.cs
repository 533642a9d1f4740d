using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Parley.Core;
using Parley.Functions.Api;
using Parley.Functions.Api.Access;
using Parley.Functions.Api.Flextell;

namespace Parley.Benchmarks;

/// <summary>
/// Calls the app's functions for messages in this process, without a host, its protocol and a web server. What a call
/// takes more than raw storage calls is then Parley's own.
/// </summary>
internal sealed class FunctionsAlone(IServiceProvider services, TenantClient client)
{
    private static readonly FunctionAccess ListAccess = AccessOf(nameof(ConversationMessageFunctions.List));
    private static readonly FunctionAccess PostAccess = AccessOf(nameof(ConversationMessageFunctions.Post));

    private readonly ApiEndpoint endpoint = services.GetRequiredService<ApiEndpoint>();
    private readonly ConversationMessageFunctions functions = ActivatorUtilities.CreateInstance<ConversationMessageFunctions>(services);

    public Task GetPageAsync(ConversationKey conversation, int page, int perPage)
    {
        var context = NewContext(HttpMethods.Get, conversation);
        context.Request.QueryString = new QueryString($"?per_page={perPage}&page={page}");
        return RunAsync(context, ListAccess, functions.List, conversation);
    }

    public Task PostAsync(ConversationKey conversation, string text)
    {
        var body = TenantClient.Message(text);
        var context = NewContext(HttpMethods.Post, conversation);
        context.Request.ContentType = "application/json";
        context.Request.ContentLength = body.Length;
        context.Request.Body = new MemoryStream(body);
        return RunAsync(context, PostAccess, functions.Post, conversation);
    }

    private static FunctionAccess AccessOf(string method) => FunctionAccess.Of(typeof(ConversationMessageFunctions).GetMethod(method, BindingFlags.Public | BindingFlags.Instance)!);

    private DefaultHttpContext NewContext(string method, ConversationKey conversation)
    {
        var context = new DefaultHttpContext { RequestServices = services };
        context.Request.Method = method;
        context.Request.Scheme = client.Api.Scheme;
        context.Request.Host = new HostString(client.Api.Authority);
        context.Request.Path = $"/api/{TenantClient.Messages(conversation)}";
        context.Request.Headers.Authorization = $"Bearer {client.ApiKey}";
        context.Response.Body = Stream.Null;
        return context;
    }

    private async Task RunAsync(HttpContext context, FunctionAccess access, Func<HttpRequest, string, Task> function, ConversationKey conversation)
    {
        if (await endpoint.TryAuthorizeAsync(context, () => access))
        {
            await function(context.Request, $"{conversation.Number}");
        }

        if (context.Response.StatusCode is < StatusCodes.Status200OK or >= StatusCodes.Status300MultipleChoices)
        {
            throw new BenchmarkException($"{context.Request.Method} {context.Request.Path} answered {context.Response.StatusCode}.");
        }
    }
}
