using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Data;

namespace FineTune;

/// <summary>Images of the class: those of a folder, or those that the model generates before it is trained.</summary>
internal static class PriorImages
{
    /// <summary>Opens the images, as squares; what is missing is generated into the run's folder.</summary>
    public static PreparedImages Open(RunContext context, PriorSettings prior)
    {
        string folder = prior.Path ?? Generate(context, prior);
        var reading = new ImageFolderOptions { DefaultCaption = prior.Prompt };
        StoredImages images = ImageFolderSource.Open(folder, reading, context.Logger, null, context.Cancellation);
        int size = context.Settings.Data.Size!.Value;
        return new PreparedImages(images, new PreparedImagesOptions { Width = size, Height = size });
    }

    private static string Generate(RunContext context, PriorSettings prior)
    {
        string folder = Path.Combine(context.Run.Location, "prior");
        Directory.CreateDirectory(folder);
        context.Console.ShowCount("images of the class", prior.Count, progress =>
        {
            for (int i = 0; i < prior.Count; i++)
            {
                string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{i:D5}.png"));
                if (!File.Exists(path)) Image(context, prior, (ulong)i).SavePng(path);
                progress?.Report(i + 1);
            }

            return folder;
        });
        return folder;
    }

    private static GeneratedImage Image(RunContext context, PriorSettings prior, ulong seed)
    {
        ValidationSettings sampling = context.Settings.Validation;
        int size = context.Settings.Data.Size!.Value;
        var request = new GenerationRequest
        {
            Prompt = prior.Prompt, Seed = seed, Width = size, Height = size, Steps = sampling.Steps, GuidanceScale = sampling.GuidanceScale,
        };
        return context.Model.Pipeline.Generate(request, cancellationToken: context.Cancellation).Images[0];
    }
}
