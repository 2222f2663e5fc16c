using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What a pipeline is made of.</summary>
internal sealed record PipelineParts(
    ITextEncoder TextEncoder, IDenoiser Denoiser, IAutoencoder Autoencoder, INoiseScheduler Scheduler, IGuidance Guidance, IImageCodec Codec,
    DiffusionPipelineOptions Options, int SampleSize, Device Device, DiffusionModel? OwnedModel) : IDisposable
{
    public void Dispose() => OwnedModel?.Dispose();
}
