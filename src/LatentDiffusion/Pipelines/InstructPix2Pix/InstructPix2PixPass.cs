using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The image that one pass edits.</summary>
/// <param name="latents">Its latents without their scale, [batch, channels, height, width].</param>
/// <param name="imageScale">How closely to keep to the image.</param>
internal sealed class InstructPix2PixPass(Tensor latents, double imageScale) : IFeaturePass
{
    private readonly Tensor _latents = latents;

    /// <summary>Those of images that share their evaluations; their sizes and scales agree.</summary>
    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images) =>
        new InstructPix2PixPass(cat([.. images.Cast<InstructPix2PixPass>().Select(image => image._latents)]), imageScale);

    public IDenoiserRun? Extend(IDenoiser denoiser, ISchedulerRun run) => new Run(denoiser, _latents);

    /// <summary>
    /// Adds image guidance: + (s_I − 1)·(ε(image, negative) − ε(negative)). Around classifier-free guidance this is ε(negative) +
    /// s_I·(ε(image, negative) − ε(negative)) + s_T·(ε(image, text) − ε(image, negative)) (Brooks et al. 2023, equation 3).
    /// </summary>
    public IFeaturePass.Guide Extend(IFeaturePass.Guide guide) => (denoiser, negative) =>
    {
        GuidedDenoiser guided = guide(denoiser, negative);
        if (imageScale == 1 || denoiser.Description.ConcatenatedChannels == 0) return guided;
        return GuidancePasses.Scoped(input =>
        {
            GuidedPrediction prediction = GuidancePasses.Evaluate(guided, input);
            // Without guidance by the text, as published, there is none by the image.
            if (ReferenceEquals(prediction.Guided, prediction.Conditional)) return prediction;
            DenoiserInput unprompted = negative is null ? input : input with { Conditioning = negative };
            Tensor with = prediction.Unconditional ?? Predict(unprompted);
            Tensor without = Predict(unprompted with { ConcatenatedLatents = zeros_like(input.Latents) });
            return prediction with { Guided = prediction.Guided.Add((with - without).Multiply(imageScale - 1)) };

            Tensor Predict(DenoiserInput one) => GuidancePasses.Split(denoiser.Predict(one), one).Prediction;
        });
    };

    /// <summary>A denoiser that reads the image's latents at every evaluation, unless it is to be evaluated without the image.</summary>
    private sealed class Run(IDenoiser denoiser, Tensor latents) : IDenoiserRun
    {
        public DenoiserDescription Description => denoiser.Description;

        public Tensor Predict(DenoiserInput input)
        {
            ArgumentNullException.ThrowIfNull(input);
            if (input.ConcatenatedLatents is not null) return denoiser.Predict(input);
            using IDisposable noGrad = no_grad();
            using DisposeScope scope = NewDisposeScope();
            // Guidance evaluates several batches of the same images at once.
            Tensor image = latents.repeat(input.Latents.shape[0] / latents.shape[0], 1, 1, 1);
            return denoiser.Predict(input with { ConcatenatedLatents = image }).MoveToOuterDisposeScope();
        }

        public void Dispose()
        {
        }
    }
}
