using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Data;

namespace Evaluate;

/// <summary>A run of samples/TrainFromScratch: its model, and what it was trained on.</summary>
/// <param name="Folder">The run's folder.</param>
/// <param name="Model">The model's folder.</param>
/// <param name="Data">Pictures as <c>--data</c> names them, of which the run kept some for testing.</param>
/// <param name="Training">Pictures as <c>--train</c> names them.</param>
/// <param name="Reading">How the run read them.</param>
/// <param name="Split">How the run divided them.</param>
/// <param name="Mirrored">Whether it was also trained on them with left and right exchanged.</param>
internal sealed record TrainedRun(string Folder, string Model, string Data, string Training, StoredImagesOptions Reading, DataSplitOptions Split, bool Mirrored)
{
    /// <summary>The stage of the run that trained the denoiser.</summary>
    public const string Denoiser = "denoiser";

    /// <summary>Reads what the run followed from.</summary>
    /// <exception cref="InvalidDataException">It is no run, or one that is not finished.</exception>
    public static TrainedRun Open(string folder)
    {
        string configuration = Path.Combine(folder, "configuration.json"), model = Path.Combine(folder, "model");
        if (!File.Exists(configuration)) throw new InvalidDataException($"'{folder}' is no run: it has no configuration.json.");
        if (!File.Exists(Path.Combine(model, "model_index.json")))
            throw new InvalidDataException($"The run '{folder}' has no model yet: samples/TrainFromScratch writes it at the end.");
        try
        {
            JsonNode json = JsonNode.Parse(File.ReadAllText(configuration))!;
            StoredImagesOptions reading = json["whole_captions"]?.GetValue<bool>() == true ? new ImageFolderOptions { CaptionPerLine = false } : new StoredImagesOptions();
            reading = reading with
            {
                CaptionColumn = json["captions"]?.GetValue<string>() ?? "text",
                OnUnreadable = json["skip_unreadable"]?.GetValue<bool>() == true ? UnreadableImageHandling.Skip : UnreadableImageHandling.Refuse,
            };
            DataSplitOptions split = PictureSources.Fractions with
            {
                Validation = json["validation"]?.GetValue<double>() ?? PictureSources.Fractions.Validation, Test = json["test"]?.GetValue<double>() ?? PictureSources.Fractions.Test,
                NearDuplicateBits = json["near_duplicates"]?.GetValue<int>(),
            };
            if (json["data"]?.GetValue<string>() is { } data) return new TrainedRun(folder, model, data, data, reading, split, json["recipe"]?["mirror"]?.GetValue<bool>() ?? true);
            ulong seed = json["recipe"]!["seed"]!.GetValue<ulong>();
            return new TrainedRun(folder, model, "drawings", string.Create(CultureInfo.InvariantCulture, $"drawings:{seed}"), reading, split, Mirrored: false);
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{configuration}' is not what samples/TrainFromScratch writes: {e.Message}", e);
        }
    }
}
