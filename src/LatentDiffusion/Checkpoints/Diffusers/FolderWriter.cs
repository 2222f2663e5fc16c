using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Writes a pipeline's components.</summary>
/// <param name="components">The components.</param>
/// <param name="root">The folder.</param>
/// <param name="type">Type of the weights; null for that of the files they were read from, or else their own.</param>
internal sealed class FolderWriter(StableDiffusionComponents components, string root, ScalarType? type)
{
    public void Write()
    {
        if (components.Folder is { } source && Path.GetFullPath(source) == root)
            throw new ArgumentException($"{root} is the folder that the components were read from; write to another.");
        Directory.CreateDirectory(root);
        // From now on, and until all is written, what stood here is no model.
        File.Delete(Path.Combine(root, DiffusersFolder.IndexFile));
        foreach ((string name, nn.Module network) in components.Networks)
        {
            using NetworkUse weights = NetworkUse.Of(network);
            DiffusersComponent.Write(network, Part(name), type is null ? components.Layouts.GetValueOrDefault(name) : null, type);
        }

        // How many ControlNets there are is told by their folders alone.
        for (int i = Math.Max(components.ControlNets.Count, 1); Directory.Exists(Part(DiffusersNames.ControlNet(i))); i++)
            Directory.Delete(Part(DiffusersNames.ControlNet(i)), recursive: true);
        WriteTokenizer("tokenizer", components.Tokenizer);
        WriteTokenizer("tokenizer_2", components.Tokenizer2);
        Directory.CreateDirectory(Part(DiffusersFolder.Scheduler));
        AtomicFile.Write(Path.Combine(Part(DiffusersFolder.Scheduler), DiffusersFolder.SchedulerFile), components.Scheduler.ToJson());
        JsonObject index = components.Index ?? MakeIndex();
        if (components.Folder is not null) CopyOthers(components.Folder, index);
        AtomicFile.Write(Path.Combine(root, DiffusersFolder.IndexFile), index.ToJsonString(ModelConfigJson.Options));
    }

    private string Part(string name) => Path.Combine(root, name);

    private void WriteTokenizer(string name, ClipTokenizerFiles? tokenizer)
    {
        if (tokenizer is null) return;
        if (components.Folder is { } source && components.Index is { } index && FolderReader.ClassOf(index, name) is not null) Copy(source, name);
        else tokenizer.Save(Part(name));
    }

    /// <summary>Components that are no networks known here, for example a safety checker.</summary>
    private void CopyOthers(string source, JsonObject index)
    {
        string[] written = [.. components.Networks.Select(n => n.Name), "tokenizer", "tokenizer_2", DiffusersFolder.Scheduler];
        foreach ((string name, _) in index)
            if (!written.Contains(name) && FolderReader.ClassOf(index, name) is not null && Directory.Exists(Path.Combine(source, name)))
                Copy(source, name);
    }

    private void Copy(string source, string name)
    {
        string folder = FolderPath.Component(source, name);
        Directory.CreateDirectory(Part(name));
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            using FileStream from = File.OpenRead(file);
            AtomicFile.Write(Path.Combine(Part(name), Path.GetFileName(file)), from.CopyTo);
        }
    }

    private JsonObject MakeIndex()
    {
        var index = new JsonObject { ["_class_name"] = components.PipelineClass };
        foreach ((string name, nn.Module network) in components.Networks.Where(n => n.Network is not ControlNetModel))
            index[name] = new JsonArray(network is ClipTextModel ? "transformers" : "diffusers", DiffusersComponent.ClassOf(network));
        if (components.ControlNets.Count > 0)
            index[DiffusersNames.ControlNet(0)] = new JsonArray("diffusers", components.ControlNets.Count == 1 ? nameof(ControlNetModel) : DiffusersNames.SeveralControlNets);
        if (components.Tokenizer is not null) index["tokenizer"] = new JsonArray("transformers", "CLIPTokenizer");
        if (components.Tokenizer2 is not null) index["tokenizer_2"] = new JsonArray("transformers", "CLIPTokenizer");
        index[DiffusersFolder.Scheduler] = new JsonArray("diffusers", components.Scheduler.ClassName);
        if (components.TextEncoder2 is not null) index[FolderReader.ForceZeros] = components.ForceZerosForEmptyPrompt;
        // The base pipeline has no such option, and warns of it.
        if (components.RequiresAestheticsScore) index[FolderReader.AestheticsScore] = true;
        return index;
    }
}
