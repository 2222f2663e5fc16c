using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Configuration of a registered pipeline: the model that it runs, and where.</summary>
public sealed record DiffusionModelOptions
{
    /// <summary>
    /// A model folder in the layout of diffusers; a relative path is relative to the working directory. Null if the builder names the
    /// model.
    /// </summary>
    public string? ModelFolder { get; set; }

    /// <summary>Name of a scheduler: see <see cref="KnownSchedulers"/>. Null, the default, for the model's own.</summary>
    public string? Scheduler { get; set; }

    /// <summary>
    /// Where the pipeline computes: <c>cpu</c>, <c>cuda</c>, or <c>cuda:1</c> and so on. A device that does not exist is an error when the
    /// host starts. Null, the default, for CUDA if available, else the CPU; without a model, if all components are registered, for the CPU.
    /// </summary>
    public string? Device { get; set; }

    /// <summary>
    /// Float32, Float16 or BFloat16, which the networks of a model folder or file compute in. A type that the CPU computes
    /// slowly is a warning in the log. Null, the default, for single precision on the CPU and the files' own elsewhere.
    /// </summary>
    public ScalarType? Precision { get; set; }

    /// <summary>
    /// How the weights of a model folder or file are held in memory: Expanded, or AsStored (CPU only). Null, the default, for Expanded.
    /// </summary>
    public WeightStorage? WeightStorage { get; set; }

    /// <summary>Whether the host loads the model at its start, rather than when the pipeline is first asked for. Default false.</summary>
    public bool LoadAtStartup { get; set; }

    /// <summary>Errors, each of which names the value.</summary>
    internal IEnumerable<string> Errors()
    {
        if (ModelFolder is not null && !File.Exists(Path.Combine(ModelFolder, DiffusersFolder.IndexFile)))
        {
            string full = Path.GetFullPath(ModelFolder, Environment.CurrentDirectory);
            yield return $"ModelFolder is '{MessageText.Truncate(ModelFolder, 150)}'; {DiffusersFolder.IndexFile} does not exist in "
                + $"'{MessageText.Truncate(full, 150)}'.";
        }

        if (Scheduler is not null && !KnownSchedulers.TryGet(Scheduler, out _)) yield return UnknownScheduler(Scheduler).Message;
        if (Device is not null && Parse(Device) is null)
            yield return $"Device is '{MessageText.Truncate(Device, 100)}'; expected cpu, cuda or cuda:number.";
        else if (OpenDevice() is { } device && DeviceAvailability.Problem(device) is { } problem) yield return problem;
        if (Precision is not (null or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            yield return $"Precision is {Precision}; expected {ScalarType.Float32}, {ScalarType.Float16} or {ScalarType.BFloat16}.";
        if (WeightStorage is { } storage && !Enum.IsDefined(storage))
            yield return $"WeightStorage is {storage}; expected {string.Join(" or ", Enum.GetNames<WeightStorage>())}.";
    }

    internal static ArgumentException UnknownScheduler(string name) =>
        new($"Scheduler is '{MessageText.Truncate(name, 100)}'; expected one of {string.Join(", ", KnownSchedulers.All)}.");

    internal Device? OpenDevice() => Device is null ? null
        : Parse(Device) is var (type, index) ? new Device(type, index)
        : throw new ArgumentException(Errors().First());

    private static (DeviceType Type, int Index)? Parse(string device) => device.ToLowerInvariant() switch
    {
        "cpu" => (DeviceType.CPU, -1),
        "cuda" => (DeviceType.CUDA, -1),
        ['c', 'u', 'd', 'a', ':', .. var number]
            when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int index) => (DeviceType.CUDA, index),
        _ => null,
    };
}
