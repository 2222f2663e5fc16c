using System.Globalization;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The checkpoints of a run: one safetensors file each, written beside and renamed, so that a file that is there is
/// whole. Holds the weights, their average, the optimizer's moments and where there are target networks their values;
/// everything else follows from the step.
/// </summary>
internal sealed class TrainingCheckpoints
{
    private const string Prefix = "checkpoint-", Extension = ".safetensors", StepKey = "step", SeedKey = "seed", LayoutKey = "layout", AccumulationKey = "gradient_accumulation", TargetKey = "target_decay", NoTarget = "none";

    private readonly string _folder;
    private readonly TrainingOptions _options;
    private readonly ILogger _logger;
    private readonly KeyValuePair<string, Tensor>[] _tensors;
    private readonly string _layout, _target;

    public TrainingCheckpoints(
        string folder, FlatParameters parameters, AdamW optimizer, ExponentialMovingAverage average, TargetNetworks? targets, TrainingOptions options, ILogger logger)
    {
        (_folder, _options, _logger) = (folder, options, logger);
        _tensors =
        [
            new("parameters", parameters.Values),
            new("average", average.Values),
            new("first_moment", optimizer.FirstMoment),
            new("second_moment", optimizer.SecondMoment),
            .. targets is null ? [] : new KeyValuePair<string, Tensor>[] { new("target", targets.Values) },
        ];
        _target = targets is null ? NoTarget : Text(targets.Decay);
        _layout = StableHash.Of(string.Join('\n', parameters.Ranges.Select(r => $"{r.Name} {r.Offset} {r.Length}")));
        // What a killed run was writing when it was killed.
        foreach (string partial in Directory.GetFiles(folder, $"{Prefix}*.tmp")) File.Delete(partial);
    }

    /// <summary>Path of the checkpoint that was read or written last; null for none.</summary>
    public string? Last { get; private set; }

    /// <summary>Reads the newest whole checkpoint, if there is one.</summary>
    /// <returns>The number of steps done.</returns>
    /// <exception cref="CheckpointException">The newest checkpoint is of another network, seed, number of batches a step or decay of target networks.</exception>
    public long RestoreNewest()
    {
        foreach (string path in Newest())
        {
            SafetensorsFile file;
            try
            {
                file = SafetensorsFile.Open(path);
            }
            catch (CheckpointException e)
            {
                _logger.LogWarning(e, "Checkpoint {Path} is damaged and passed over.", path);
                continue;
            }

            using (file)
            {
                Expect(file, LayoutKey, _layout, "The networks have other parameters than when it was written");
                Expect(file, SeedKey, Text(_options.Seed), "The run had another seed");
                // Batches are numbered across steps, so the rest of the run would see other ones. Older files say nothing and mean 1.
                Expect(file, AccumulationKey, Text(_options.GradientAccumulation), "The run accumulated gradients over another number of batches", "1");
                Expect(file, TargetKey, _target, "The run had another decay of its target networks, or none", NoTarget);
                foreach ((string name, Tensor tensor) in _tensors) file.ReadInto(name, tensor);
                long step = long.Parse(file.Metadata[StepKey], CultureInfo.InvariantCulture);
                Last = path;
                _logger.LogInformation("Resumed from {Path} at step {Step}.", path, step);
                return step;
            }
        }

        return 0;
    }

    public void Write(long step)
    {
        string path = Path.Combine(_folder, $"{Prefix}{step:D9}{Extension}");
        SafetensorsWriter.Write(path, _tensors, new Dictionary<string, string>
        {
            [StepKey] = Text(step), [SeedKey] = Text(_options.Seed), [LayoutKey] = _layout,
            [AccumulationKey] = Text(_options.GradientAccumulation), [TargetKey] = _target,
        });
        Last = path;
        foreach (string old in Newest().Skip(_options.CheckpointsKept)) File.Delete(old);
    }

    private IEnumerable<string> Newest() =>
        Directory.GetFiles(_folder, $"{Prefix}*{Extension}").OrderByDescending(path => path, StringComparer.Ordinal);

    private static void Expect(SafetensorsFile file, string key, string expected, string otherwise, string? missing = null)
    {
        if (file.Metadata.GetValueOrDefault(key, missing!) != expected)
            throw new CheckpointException(file.Path, $"{otherwise}; use another folder, or remove its checkpoints to begin anew.");
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
