using LatentDiffusion.Data;
using LatentDiffusion.Networks;
using LatentDiffusion.Tokenization;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>The latents of all images, computed once.</summary>
internal static class LatentStage
{
    /// <returns>Latents of the training set; null if the run was cancelled.</returns>
    public static LatentCache? Training(RunContext context, nn.Module<Tensor, Tensor> autoencoder, ClipTokenizer tokenizer) =>
        Open(context, "latents", context.Material.Key, autoencoder, tokenizer, context.Material.Images, context.Material.Count);

    /// <returns>Latents of a validation set; null if the run was cancelled.</returns>
    public static LatentCache? Validation(
        RunContext context, nn.Module<Tensor, Tensor> autoencoder, ClipTokenizer tokenizer, ICaptionedImageSource images) =>
        Open(context, "validation", $"{context.Material.Key}, validation", autoencoder, tokenizer, images, images.Count!.Value);

    private static LatentCache? Open(
        RunContext context, string name, string material, nn.Module<Tensor, Tensor> autoencoder, ClipTokenizer tokenizer,
        ICaptionedImageSource images, long count)
    {
        string path = context.File($"{name}.safetensors");
        var options = new LatentCacheOptions { Logger = context.Logger, Processes = context.Processes };
        try
        {
            return context.Console.ShowCount(name, count, progress => autoencoder switch
            {
                AutoencoderKL kl => LatentCache.Open(
                    path, material, kl, tokenizer, images, count, options, progress, context.Cancellation),
                AutoencoderTiny tiny => LatentCache.Open(
                    path, material, tiny, tokenizer, images, count, options, progress, context.Cancellation),
                _ => throw Autoencoders.Unknown(autoencoder),
            });
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
