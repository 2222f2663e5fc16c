using LatentDiffusion;
using LatentDiffusion.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>The autoencoder: trained, taken from the model to start from, or frozen from a folder of its own.</summary>
internal static class AutoencoderStage
{
    private const string Stage = "autoencoder";
    private const int SheetPictures = 6;

    /// <returns>The network in evaluation mode; null where the run was cancelled.</returns>
    public static nn.Module<Tensor, Tensor>? Run(RunContext context)
    {
        if (context.Settings.Autoencoder is { } frozen)
        {
            nn.Module<Tensor, Tensor> given = Autoencoders.Read(frozen);
            StateDict.Save(given, context.AutoencoderWeights);
            return given;
        }

        manual_seed((long)context.Recipe.Seed);
        AutoencoderKL network = context.Recipe.Autoencoder.Build();
        if (File.Exists(context.AutoencoderWeights))
        {
            StateDict.Load(network, context.AutoencoderWeights);
            network.eval();
            return network;
        }

        if (context.Settings.From is { } from)
        {
            StateDict.Load(network, Path.Combine(from, "vae", ModelFiles.Weights));
            StateDict.Save(network, context.AutoencoderWeights);
            network.eval();
            return network;
        }

        return Train(context, network) ? network : null;
    }

    private static bool Train(RunContext context, AutoencoderKL network)
    {
        var objective = new AutoencoderObjective(network, context.Material.Pictures, context.Recipe.AutoencoderObjective);
        TrainingOptions? options = TrainingPlan.Of(context, Stage, context.Recipe.AutoencoderTraining with { Seed = context.Recipe.Seed }, objective, context.Recipe.AutoencoderShare);
        if (options is null) return false;
        bool done = TrainingConsole.Show(context, Stage, progress =>
            new Trainer(options).Run(objective, context.Checkpoints(Stage), progress, context.Cancellation));
        context.Run.DrawLoss(Stage, fileName: "loss-autoencoder.png");
        if (!done) return false;
        StateDict.Save(network, context.AutoencoderWeights);
        if (context.Material.Validation is { } pictures) context.Run.AddSheet(Stage, options.Steps, Reconstructions(network, pictures));
        return true;
    }

    private static ImageBuffer Reconstructions(AutoencoderKL network, ICaptionedImageSource pictures)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ImageBuffer[] originals = [.. Enumerable.Range(0, (int)Math.Min(SheetPictures, pictures.Count!.Value)).Select(i => pictures.Read(i).Image)];
        ImageBuffer[] again = [.. originals.Select(o => ImageTensor.ToImages(network.Decode(network.Encode(ImageTensor.FromImage(o)).Mean))[0])];
        return SampleSheet.Draw([new SheetRow("pictures of the validation set", originals), new SheetRow("what the autoencoder makes of them", again)]);
    }
}
