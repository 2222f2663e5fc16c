using System.Globalization;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The checkpoints of a run: one safetensors file each, written beside and renamed, with a checksum of all it says. Holds
/// the weights, their average, the optimizer's moments and where there are target networks their values; everything
/// else follows from the step.
/// </summary>
internal sealed class TrainingCheckpoints
{
    private const string Prefix = "checkpoint-", Extension = ".safetensors", Damaged = ".damaged", StepKey = "step", SeedKey = "seed", LayoutKey = "layout",
        AccumulationKey = "gradient_accumulation", TargetKey = "target_decay", PrecisionKey = "precision", ObjectivePrefix = "objective.", None = "none";

    private readonly string _folder;
    private readonly TrainingOptions _options;
    private readonly ILogger _logger;
    private readonly KeyValuePair<string, Tensor>[] _tensors;
    private readonly string _layout, _target;
    private readonly Dictionary<string, string> _identity;

    public TrainingCheckpoints(
        string folder, FlatParameters parameters, AdamW optimizer, ExponentialMovingAverage average, TargetNetworks? targets,
        IReadOnlyDictionary<string, string> identity, TrainingOptions options, ILogger logger)
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
        _target = targets is null ? None : Text(targets.Decay);
        _layout = StableHash.Of(string.Join('\n', parameters.Ranges.Select(r => $"{r.Name} {r.Offset} {r.Length}")));
        _identity = identity.ToDictionary(i => ObjectivePrefix + i.Key, i => i.Value);
        // What a killed run was writing when it was killed.
        foreach (string partial in Directory.GetFiles(folder, $"{Prefix}*.tmp")) File.Delete(partial);
    }

    /// <summary>Path of the checkpoint that was read or written last; null for none.</summary>
    public string? Last { get; private set; }

    /// <summary>Reads the newest whole checkpoint, if there is one. Damaged ones that are newer are set aside under another name.</summary>
    /// <returns>The number of steps done.</returns>
    /// <exception cref="CheckpointException">The newest whole checkpoint is of another network, seed, batch or data set, number of batches a step or decay of target networks.</exception>
    public long RestoreNewest()
    {
        foreach (string path in Newest())
        {
            using SafetensorsFile? file = OpenWhole(path);
            if (file is not null) return Restore(file);
        }

        return 0;
    }

    public void Write(long step)
    {
        string path = Path.Combine(_folder, $"{Prefix}{step:D9}{Extension}");
        var metadata = new Dictionary<string, string>(_identity)
        {
            [StepKey] = Text(step), [SeedKey] = Text(_options.Seed), [LayoutKey] = _layout, [PrecisionKey] = $"{_options.Precision}",
            [AccumulationKey] = Text(_options.GradientAccumulation), [TargetKey] = _target,
        };
        metadata[CheckpointChecksum.Key] = CheckpointChecksum.Of(_tensors, metadata);
        SafetensorsWriter.Write(path, _tensors, metadata);
        Last = path;
        foreach (string old in Newest().Skip(_options.CheckpointsKept)) File.Delete(old);
    }

    /// <summary>Opens a checkpoint; null for a damaged one, which from then on counts neither as the newest nor among those kept.</summary>
    private SafetensorsFile? OpenWhole(string path)
    {
        SafetensorsFile? file = null;
        try
        {
            file = SafetensorsFile.Open(path);
            CheckpointChecksum.Verify(file);
            return file;
        }
        catch (CheckpointException e)
        {
            file?.Dispose();
            File.Move(path, path + Damaged, overwrite: true);
            _logger.LogWarning("{Reason} The checkpoint is passed over and now called {Damaged}.", e.Message, path + Damaged);
            return null;
        }
    }

    private long Restore(SafetensorsFile file)
    {
        if (!long.TryParse(file.Metadata.GetValueOrDefault(StepKey), NumberStyles.None, CultureInfo.InvariantCulture, out long step))
            throw new CheckpointException(file.Path, "it does not say its step, and is no checkpoint of a run; remove it.");
        if (file.Metadata.GetValueOrDefault(LayoutKey) != _layout) throw Refused(file, "The networks have other parameters than when it was written");
        Expect(file, SeedKey, Text(_options.Seed), "seed");
        // Batches are numbered across steps, so the rest of the run would see other ones. Older files say nothing and mean 1.
        Expect(file, AccumulationKey, Text(_options.GradientAccumulation), "number of batches that gradients are accumulated over", "1");
        Expect(file, TargetKey, _target, "decay of its target networks", None);
        ExpectIdentity(file);
        string precision = $"{_options.Precision}", before = file.Metadata.GetValueOrDefault(PrecisionKey, precision);
        if (before != precision) _logger.LogInformation("The run has computed in {Before} and goes on in {Precision}: its weights will be those of neither alone.", before, precision);
        foreach ((string name, Tensor tensor) in _tensors) file.ReadInto(name, tensor);
        Last = file.Path;
        _logger.LogInformation("Resumed from {Path} at step {Step}.", file.Path, step);
        return step;
    }

    /// <summary>Compares what the objective says of itself. Older files say nothing.</summary>
    private void ExpectIdentity(SafetensorsFile file)
    {
        string[] there = [.. file.Metadata.Keys.Where(k => k.StartsWith(ObjectivePrefix, StringComparison.Ordinal))];
        if (there.Length == 0) return;
        foreach (string key in there.Union(_identity.Keys).Order(StringComparer.Ordinal))
            Expect(file, key, _identity.GetValueOrDefault(key, None), key[ObjectivePrefix.Length..], None);
    }

    private IEnumerable<string> Newest() =>
        Directory.GetFiles(_folder, $"{Prefix}*{Extension}").OrderByDescending(path => path, StringComparer.Ordinal);

    private static void Expect(SafetensorsFile file, string key, string expected, string what, string? missing = null)
    {
        string there = file.Metadata.GetValueOrDefault(key, missing ?? None);
        if (there != expected) throw Refused(file, $"The run had another {what}: {there}, and now {expected}");
    }

    private static CheckpointException Refused(SafetensorsFile file, string why) =>
        new(file.Path, $"{why}. It cannot be gone on with exactly; use another folder, or remove its checkpoints to begin anew.");

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
