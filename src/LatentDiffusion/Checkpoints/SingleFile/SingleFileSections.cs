namespace LatentDiffusion.Checkpoints;

/// <summary>The tensors of a single file by the network they belong to.</summary>
/// <param name="file">The file.</param>
/// <param name="filter">Selects the tensors to leave out.</param>
/// <param name="isNote">Whether a tensor of a name belongs to no network, for example a table of the schedule.</param>
internal sealed class SingleFileSections(ITensorSource file, SingleFileFilter filter, Func<string, bool> isNote)
{
    /// <summary>Where the autoencoder of a transformer's file may begin.</summary>
    public static IReadOnlyList<string> Autoencoders { get; } = ["first_stage_model.", "vae."];

    /// <summary>One network's tensors by their names without the prefix; of an empty prefix, all.</summary>
    /// <exception cref="CheckpointException">The file does not contain tensors with the prefix.</exception>
    public Dictionary<string, TensorEntry> this[string prefix]
    {
        get
        {
            var section = file.Entries
                .Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal) && !isNote(e.Name) && !filter.Ignores(e.Name))
                .ToDictionary(e => e.Name[prefix.Length..]);
            return section.Count > 0
                ? section
                : throw new CheckpointException(file.Path, $"it has no tensors '{prefix}*': it is not a whole model in one file.");
        }
    }

    /// <summary>Whether a network has any tensors.</summary>
    public bool Has(string prefix) => file.Entries.Any(e => e.Name.StartsWith(prefix, StringComparison.Ordinal) && !filter.Ignores(e.Name));

    /// <summary>Accounts for the tensors outside of networks.</summary>
    /// <param name="prefixes">Where the networks begin.</param>
    /// <exception cref="CheckpointException">Some are not known, and the caller did not ask to leave them out.</exception>
    public void RefuseOthers(IReadOnlyList<string> prefixes)
    {
        string[] names = [.. file.Entries.Select(e => e.Name)];
        filter.Log(file.Path, [.. names.Where(filter.Ignores)]);
        filter.RequireIgnored(file.Path, [.. names.Where(name =>
            !isNote(name) && !filter.Ignores(name) && !prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))]);
    }

    /// <summary>Those of a network's tensors that it has a parameter for; all, where the caller did not ask to leave others out.</summary>
    public IEnumerable<MappedTensor> Known(IReadOnlyList<MappedTensor> tensors, IReadOnlyCollection<string> parameters)
    {
        if (!filter.IgnoresUnknown) return tensors;
        var names = parameters.ToHashSet();
        filter.Log(file.Path, [.. tensors.Where(t => !names.Contains(t.Name)).Select(t => t.Stored.Name)]);
        return tensors.Where(t => names.Contains(t.Name));
    }
}
