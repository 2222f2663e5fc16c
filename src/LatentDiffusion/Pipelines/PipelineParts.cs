using System.Threading.RateLimiting;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What a pipeline is made of.</summary>
internal sealed record PipelineParts(
    ITextEncoder TextEncoder, IDenoiser Denoiser, IAutoencoder Autoencoder, INoiseScheduler Scheduler, IGuidance Guidance, IImageCodec Codec,
    DiffusionPipelineOptions Options, int SampleSize, Device Device, DiffusionModel? OwnedModel) : IDisposable
{
    public required PreviewOnDemand Preview { get; init; }

    public required ILogger Logger { get; init; }

    public required PartResidency Residency { get; init; }

    /// <summary>In the order of a request's pictures. None where the denoiser is no <see cref="UNetDenoiser"/>.</summary>
    public IReadOnlyList<LoadedControlNet> ControlNets { get; init; } = [];

    /// <summary>Makes the last steps; null where the denoiser makes all.</summary>
    public LoadedRefiner? Refiner { get; init; }

    /// <summary>What a denoising stage uses.</summary>
    public IReadOnlyList<object> Denoising => [Denoiser, .. ControlNets, .. Refiner is null ? [] : (object[])[Refiner.Model.Denoiser]];

    /// <summary>Hands out the places of concurrent generations; null where there is no limit.</summary>
    public ConcurrencyLimiter? Places { get; } = Options.MaxConcurrentGenerations is not { } limit ? null : new ConcurrencyLimiter(
        new ConcurrencyLimiterOptions { PermitLimit = limit, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    public void Dispose()
    {
        Places?.Dispose();
        foreach (LoadedControlNet control in ControlNets) control.Dispose();
        Refiner?.Dispose();
        OwnedModel?.Dispose();
    }
}
