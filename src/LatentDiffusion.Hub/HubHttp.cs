using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using Polly;

namespace LatentDiffusion.Hub;

/// <summary>
/// Sets up the HTTP client: repeats requests that fail for a reason that may pass, and limits the wait for each answer. Bodies are
/// outside: <see cref="BlobDownload"/> resumes them.
/// </summary>
internal static class HubHttp
{
    public static IHttpClientBuilder AddTo(
        IServiceCollection services, Func<IServiceProvider, ModelHubOptions> options, Func<IServiceProvider, ILogger> logger)
    {
        IHttpClientBuilder builder = services.AddHttpClient(ModelHub.HttpClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(provider => new SocketsHttpHandler
            {
                // Redirects and the token are HubClient's.
                AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None,
                ConnectTimeout = options(provider).AttemptTimeout, PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            // Its lines would have signed addresses.
            .RemoveAllLoggers();
        builder.AddResilienceHandler("retry", (pipeline, context) =>
        {
            ModelHubOptions chosen = options(context.ServiceProvider);
            if (chosen.MaxRetries > 0) pipeline.AddRetry(Retry(chosen, logger(context.ServiceProvider)));
            pipeline.AddTimeout(new HttpTimeoutStrategyOptions { Timeout = chosen.AttemptTimeout });
        });
        return builder;
    }

    private static HttpRetryStrategyOptions Retry(ModelHubOptions options, ILogger logger) => new()
    {
        MaxRetryAttempts = options.MaxRetries,
        Delay = options.RetryDelay,
        MaxDelay = options.MaxRetryDelay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = arguments => ValueTask.FromResult(
            HttpClientResiliencePredicates.IsTransient(arguments.Outcome) && !(Asked(arguments.Outcome) > options.MaxRetryDelay)),
        // Null leaves the pause to the backoff.
        DelayGenerator = arguments => ValueTask.FromResult(Asked(arguments.Outcome)),
        OnRetry = arguments =>
        {
            string reason = arguments.Outcome.Exception?.Message ?? $"it answered {(int)arguments.Outcome.Result!.StatusCode}";
            logger.Repeating(arguments.RetryDelay, reason);
            return default;
        },
    };

    /// <summary>The pause that the server asks for.</summary>
    private static TimeSpan? Asked(Outcome<HttpResponseMessage> outcome)
    {
        TimeSpan? pause = outcome.Result?.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - DateTimeOffset.UtcNow,
            _ => null,
        };
        return pause < TimeSpan.Zero ? TimeSpan.Zero : pause;
    }
}
