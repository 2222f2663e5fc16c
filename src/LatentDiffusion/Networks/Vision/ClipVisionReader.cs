namespace LatentDiffusion.Networks;

/// <summary>Reads CLIP's vision tower from the files that it is published in.</summary>
internal static class ClipVisionReader
{
    private const string Layers = "vision_model.encoder.layers.";

    /// <summary>Widths above that of ViT-L/14 are only of OpenCLIP, whose towers have this activation.</summary>
    private const int LargestOfOpenAI = 1024;

    /// <summary>Width of a head where it is not 64: ViT-H/14 and ViT-bigG/14.</summary>
    private static readonly Dictionary<long, int> s_headWidths = new() { [1280] = 80, [1408] = 88, [1664] = 104 };

    /// <summary>Reads a tower.</summary>
    /// <param name="path">
    /// A folder with <c>config.json</c> and weights, of the tower only or of a whole CLIP, or a file with the names of transformers,
    /// openai/CLIP or OpenCLIP, from whose shapes the configuration follows.
    /// </param>
    /// <param name="options">How it is loaded.</param>
    /// <exception cref="CheckpointException">The file is damaged, or does not fit such a tower; the message names what differs.</exception>
    /// <exception cref="InvalidDataException">The configuration cannot be read, or the folder holds another network.</exception>
    public static ClipVisionModel Read(string path, CheckpointOptions options)
    {
        if (!File.Exists(path)) return DiffusersFolder.ReadNetwork<ClipVisionModel>(path, options);
        using ITensorSource file = Checkpoint.Open(path);
        using var tower = new MappedTensors(file, ClipVisionNames.Map(file));
        ClipVisionConfig config = Infer(tower);
        ClipVisionModel network;
        try
        {
            network = new ClipVisionModel(config, LayerFactory.For(tower, options));
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(file.Path, $"its vision tower cannot be built: {e.Message}", e);
        }

        try
        {
            StateDict.Load(network, tower);
            network.eval();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The configuration, from the shapes of the tensors under their current names.</summary>
    /// <exception cref="CheckpointException">The file lacks one of those that show it; the message names them.</exception>
    public static ClipVisionConfig Infer(ITensorSource tower)
    {
        const string Patches = "vision_model.embeddings.patch_embedding.weight", First = Layers + "0.mlp.fc1.weight",
            Positions = "vision_model.embeddings.position_embedding.weight", Projection = "visual_projection.weight";
        string[] missing = [.. new[] { Patches, Positions, First, Projection }.Where(name => tower.Find(name) is null)];
        if (missing.Length > 0) throw new CheckpointException(tower.Path, missing, [], []);
        if (tower.Find(Patches)!.Shape is not [var width and > 0, _, var patch and > 0 and < 1 << 12, _]
            || tower.Find(Positions)!.Shape is not [var positions and > 1 and < 1 << 24, _]
            || tower.Find(First)!.Shape is not [var intermediate, _] || tower.Find(Projection)!.Shape is not [var projection, _]
            || Math.Max(width, Math.Max(intermediate, projection)) > ConfigRules.Largest)
            throw new CheckpointException(tower.Path, $"the shapes of '{Patches}' and others are not those of a vision tower of CLIP.");
        long side = (long)Math.Sqrt(positions - 1);
        return new ClipVisionConfig
        {
            HiddenSize = (int)width, IntermediateSize = (int)intermediate, ProjectionDim = (int)projection, PatchSize = (int)patch,
            ImageSize = (int)(side * patch), NumAttentionHeads = (int)Math.Max(width / s_headWidths.GetValueOrDefault(width, 64), 1),
            NumHiddenLayers = Enumerable.Range(0, tower.Entries.Count)
                .TakeWhile(i => tower.Find($"{Layers}{i}.mlp.fc1.weight") is not null).Count(),
            HiddenAct = width > LargestOfOpenAI ? "gelu" : "quick_gelu",
        };
    }
}
