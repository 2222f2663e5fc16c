using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The upscalers in one generation.</summary>
/// <param name="upscalers">The pipeline's upscalers.</param>
/// <param name="generation">The generation.</param>
/// <param name="components">Components of the pipeline.</param>
internal sealed class UpscalerRun(PipelineUpscalers upscalers, GenerationContext generation, PipelineComponents components) : IFeatureRun
{
    public IFeaturePass Prepare(GenerationRequest pass, int index) =>
        new UpscalerPass(this, pass, generation.Requests[index].Upscale?.Upscaler);

    public ImageBuffer Finish(ImageBuffer image, int index) => generation.Requests[index].FinalUpscale is { } upscaling
        ? Upscale(upscaling.Upscaler!, image, upscaling.Width!.Value, upscaling.Height!.Value)
        : image;

    /// <summary>Decodes latents, enlarges the image by the upscaler of a name, and encodes it.</summary>
    /// <param name="latents">Of one image, [1, channels, height, width].</param>
    /// <param name="name">Name of the upscaler.</param>
    /// <param name="width">Width of the enlarged image in pixels.</param>
    /// <param name="height">Height of the enlarged image in pixels.</param>
    public LatentDistribution Enlarge(Tensor latents, string name, int width, int height)
    {
        ImageBuffer image = Upscale(name, Decode(latents), width, height);
        generation.ThrowIfStopped();
        using IDisposable loaded = components.Offloader.Load(generation.Token, components.Autoencoder);
        return components.Autoencoder.Encode(ImageTensor.FromImage(image).to(components.Device), generation.Token);
    }

    private ImageBuffer Decode(Tensor latents)
    {
        using IDisposable loaded = components.Offloader.Load(generation.Token, components.Autoencoder);
        using Tensor pixels = components.Autoencoder.Decode(latents, generation.Token);
        generation.Finite.CheckImage(pixels);
        return ImageTensor.ToImages(pixels)[0];
    }

    private ImageBuffer Upscale(string name, ImageBuffer image, int width, int height)
    {
        generation.ThrowIfStopped();
        IImageUpscaler upscaler = upscalers.Find(name)!;
        using IDisposable loaded = components.Offloader.Load(generation.Token, upscaler);
        return upscaler.Upscale(image, width, height, progress: null, generation.Token);
    }
}
