using System.CommandLine;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Samples;

/// <summary>The device that a program computes on.</summary>
internal static class DeviceOption
{
    private const string Expected = "cpu, cuda or cuda:number";

    /// <summary>The option <c>--device</c>; it refuses what is not the name of a device.</summary>
    public static Option<string?> Create()
    {
        var option = new Option<string?>("--device")
        {
            Description = $"Where networks compute: {Expected}. CUDA if available, otherwise the CPU, if omitted.",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && Parse(name) is null) result.AddError(Problem("--device", name));
        });
        return option;
    }

    /// <summary>The device of a name; null for CUDA if available, otherwise the CPU.</summary>
    /// <exception cref="ArgumentException">The name is not known.</exception>
    /// <exception cref="InvalidOperationException">This machine does not have the device.</exception>
    public static Device Open(string? name)
    {
        int devices = name is "cpu" || !cuda.is_available() ? 0 : cuda.device_count();
        if (name is null) return new Device(devices > 0 ? DeviceType.CUDA : DeviceType.CPU);
        (DeviceType type, int index) = Parse(name) ?? throw new ArgumentException(Problem("device", name));
        if (type == DeviceType.CUDA && Math.Max(index, 0) >= devices)
        {
            throw new InvalidOperationException(devices == 0
                ? $"device is '{name}'; this machine, or this build of libtorch, has no CUDA."
                : $"device is '{name}'; this machine has {devices} CUDA devices, numbered from 0.");
        }

        return new Device(type, index);
    }

    private static (DeviceType Type, int Index)? Parse(string name) => name switch
    {
        "cpu" => (DeviceType.CPU, -1),
        "cuda" => (DeviceType.CUDA, -1),
        ['c', 'u', 'd', 'a', ':', .. var number]
            when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int index) => (DeviceType.CUDA, index),
        _ => null,
    };

    private static string Problem(string option, string name) => $"{option} is '{name}'; expected {Expected}.";
}
