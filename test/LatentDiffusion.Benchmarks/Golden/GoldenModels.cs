using System.Text.Json.Nodes;
using LatentDiffusion.Tests;
using LatentDiffusion.Tests.Pipelines;

namespace LatentDiffusion.Benchmarks;

/// <summary>Folders of small models, each written when a case first reads it. The weights depend only on their names.</summary>
internal sealed class GoldenModels : IDisposable
{
    private readonly FamilyFolders _families = new();
    private readonly TemporaryFolder _folder = new();
    private int _runs;

    /// <summary>The folder of a family.</summary>
    public string this[string family] => _families[family];

    /// <summary>The folder of a family with another scheduler configuration.</summary>
    /// <param name="family">The family.</param>
    /// <param name="scheduler">Class of the scheduler.</param>
    /// <param name="options">Further options of the configuration.</param>
    public string WithScheduler(string family, string scheduler, params (string Name, JsonNode Value)[] options)
    {
        string target = _folder[$"{family}-{scheduler}"];
        if (Directory.Exists(target)) return target;
        string source = this[family];
        foreach (string file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var config = new JsonObject { ["_class_name"] = scheduler };
        foreach ((string name, JsonNode value) in options) config[name] = value;
        File.WriteAllText(Path.Combine(target, "scheduler", "scheduler_config.json"), config.ToJsonString());
        string index = Path.Combine(target, "model_index.json");
        JsonNode content = JsonNode.Parse(File.ReadAllText(index))!;
        content["scheduler"] = new JsonArray("diffusers", scheduler);
        File.WriteAllText(index, content.ToJsonString());
        return target;
    }

    /// <summary>The folder of a model that also predicts the variance.</summary>
    public string WithLearnedVariance() =>
        WithScheduler("sd1-variance", "DDPMScheduler", ("variance_type", "learned_range"), ("clip_sample", false));

    /// <summary>The folder of a ControlNet.</summary>
    public string ControlNet(string family, int number)
    {
        string path = _folder[$"controlnet-{family}-{number}"];
        if (!Directory.Exists(path)) TinyControlNets.Write(path, family, number);
        return path;
    }

    /// <summary>The folder of a model with two ControlNets.</summary>
    public string WithControlNets(string family)
    {
        string path = _folder[$"{family}-controlnets"];
        if (!Directory.Exists(path)) TinyControlNets.WriteModel(path, family, 2);
        return path;
    }

    /// <summary>A path that no other case has.</summary>
    public string NewPath(string name) => _folder[$"{++_runs}-{name}"];

    public void Dispose()
    {
        _families.Dispose();
        _folder.Dispose();
    }
}
