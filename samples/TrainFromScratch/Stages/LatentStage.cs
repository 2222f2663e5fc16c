using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Networks;
using LatentDiffusion.Tokenization;
using LatentDiffusion.Training;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>The latents of all pictures, computed once.</summary>
internal static class LatentStage
{
    /// <returns>Latents of the training set; null where the run was cancelled.</returns>
    public static LatentCache? Training(RunContext context, nn.Module<Tensor, Tensor> autoencoder, ClipTokenizer tokenizer) =>
        Open(context, "latents", context.Material.Key, autoencoder, tokenizer, context.Material.Pictures, context.Material.Count);

    /// <returns>Latents of a validation set; null where the run was cancelled.</returns>
    public static LatentCache? Validation(RunContext context, nn.Module<Tensor, Tensor> autoencoder, ClipTokenizer tokenizer, ICaptionedImageSource pictures) =>
        Open(context, "validation", $"{context.Material.Key}, validation", autoencoder, tokenizer, pictures, pictures.Count!.Value);

    private static LatentCache? Open(
        RunContext context, string name, string material, nn.Module<Tensor, Tensor> autoencoder, ClipTokenizer tokenizer, ICaptionedImageSource pictures, long count)
    {
        string path = context.File($"{name}.safetensors");
        var options = new LatentCacheOptions { Logger = context.Logger };
        try
        {
            return TrainingConsole.ShowCount(name, count, progress => autoencoder switch
            {
                AutoencoderKL kl => LatentCache.Open(path, material, kl, tokenizer, pictures, count, options, progress, context.Cancellation),
                AutoencoderTiny tiny => LatentCache.Open(path, material, tiny, tokenizer, pictures, count, options, progress, context.Cancellation),
                _ => throw Autoencoders.Unknown(autoencoder),
            });
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
