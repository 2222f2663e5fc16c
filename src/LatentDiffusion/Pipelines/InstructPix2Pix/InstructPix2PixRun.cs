using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The images that a generation edits, encoded once for all images and steps of a pass.</summary>
/// <param name="generation">The generation.</param>
/// <param name="components">Components of the pipeline.</param>
internal sealed class InstructPix2PixRun(GenerationContext generation, PipelineComponents components) : IFeatureRun
{
    /// <exception cref="OperationCanceledException">The generation is cancelled.</exception>
    public IFeaturePass Prepare(GenerationRequest pass, int index)
    {
        generation.ThrowIfStopped();
        IAutoencoder autoencoder = components.Autoencoder;
        using IDisposable loaded = components.Offloader.Load(generation.Token, autoencoder);
        ImageBuffer image = pass.ReferenceImages![0].Resize(pass.Width!.Value, pass.Height!.Value);
        Tensor mean = autoencoder.Encode(ImageTensor.FromImage(image).to(components.Device), generation.Token).Mean;
        // The likeliest latents, and without the factor that noisy latents have: as the models were trained.
        return new InstructPix2PixPass(mean.Divide(autoencoder.ScalingFactor ?? 1), pass.ImageGuidanceScale!.Value);
    }
}
