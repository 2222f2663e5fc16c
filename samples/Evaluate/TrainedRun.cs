using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Data;

namespace Evaluate;

/// <summary>A run of samples/TrainFromScratch: its model and its training data.</summary>
/// <param name="Folder">The run's folder.</param>
/// <param name="Model">The model's folder.</param>
/// <param name="Data">The images as a value of <c>--data</c>; the run kept some of them for testing.</param>
/// <param name="Training">The training images as a value of <c>--train</c>.</param>
/// <param name="Reading">How the run read the images.</param>
/// <param name="Split">How the run divided the images.</param>
/// <param name="Mirrored">Whether the run was also trained on mirrored images.</param>
internal sealed record TrainedRun(
    string Folder, string Model, string Data, string Training, StoredImagesOptions Reading, DataSplitOptions Split, bool Mirrored)
{
    /// <summary>The stage of the run that trained the denoiser.</summary>
    public const string Denoiser = "denoiser";

    /// <summary>Reads the configuration of a run.</summary>
    /// <exception cref="InvalidDataException">It is not a run, or not a finished one.</exception>
    public static TrainedRun Open(string folder)
    {
        string configuration = Path.Combine(folder, "configuration.json"), model = Path.Combine(folder, "model");
        if (!File.Exists(configuration))
            throw new InvalidDataException($"'{folder}' is not a run: it has no configuration.json.");
        if (!File.Exists(Path.Combine(model, "model_index.json")))
            throw new InvalidDataException($"The run '{folder}' has no model yet: samples/TrainFromScratch writes it at the end.");
        try
        {
            JsonNode json = JsonNode.Parse(File.ReadAllText(configuration))!;
            StoredImagesOptions reading = json["whole_captions"]?.GetValue<bool>() == true
                ? new ImageFolderOptions { CaptionPerLine = false }
                : new StoredImagesOptions();
            reading = reading with
            {
                CaptionColumn = json["captions"]?.GetValue<string>() ?? "text",
                UnreadableImageHandling = json["skip_unreadable"]?.GetValue<bool>() == true
                    ? UnreadableImageHandling.Skip
                    : UnreadableImageHandling.Refuse,
            };
            DataSplitOptions split = ImageSources.Fractions with
            {
                Validation = json["validation"]?.GetValue<double>() ?? ImageSources.Fractions.Validation,
                Test = json["test"]?.GetValue<double>() ?? ImageSources.Fractions.Test,
                NearDuplicateBits = json["near_duplicates"]?.GetValue<int>(),
            };
            if (json["data"]?.GetValue<string>() is { } data)
            {
                bool mirrored = json["recipe"]?["mirror"]?.GetValue<bool>() ?? true;
                return new TrainedRun(folder, model, data, data, reading, split, mirrored);
            }

            ulong seed = json["recipe"]!["seed"]!.GetValue<ulong>();
            string training = string.Create(CultureInfo.InvariantCulture, $"drawings:{seed}");
            return new TrainedRun(folder, model, "drawings", training, reading, split, Mirrored: false);
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{configuration}' is not what samples/TrainFromScratch writes: {e.Message}", e);
        }
    }
}
