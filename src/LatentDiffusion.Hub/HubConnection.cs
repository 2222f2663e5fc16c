using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Hub;

/// <summary>What the parts of a download share.</summary>
internal sealed record HubConnection(HubClient Client, ModelHubOptions Options, HubSettings Settings, ILogger Logger);
