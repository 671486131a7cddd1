pragma Singleton

import QtQuick

// Every colour, size and duration of the window. Main.qml says which of them are in force.
QtObject {
    property bool dark: false
    property real scale: 1
    property real systemTextSize: 14
    property string codeFamily: "monospace"
    property bool reducedMotion: false

    readonly property color window: dark ? "#161614" : "#FBFBFA"
    readonly property color surface: dark ? "#1E1E1B" : "#F3F3F0"
    readonly property color raised: dark ? "#272723" : "#FFFFFF"
    readonly property color border: dark ? "#3A3934" : "#DEDDD7"
    readonly property color control: dark ? "#7D7A72" : "#8A877F"
    readonly property color text: dark ? "#EDEBE6" : "#1C1B19"
    readonly property color secondary: dark ? "#B0ADA4" : "#5C5A55"
    readonly property color accent: dark ? "#5CC4D6" : "#00697A"
    // Text on accent. Not "onAccent": QML takes a name in "on" for a signal handler.
    readonly property color accentText: dark ? "#06262C" : "#FFFFFF"
    readonly property color error: dark ? "#FFB4AB" : "#B3261E"
    readonly property color warning: dark ? "#F2C063" : "#7A5200"
    readonly property color good: dark ? "#7FD69A" : "#1E6B3A"
    readonly property color user: dark ? "#1F3338" : "#E4EFF1"
    readonly property color code: dark ? "#1B1B18" : "#F0EFEA"
    readonly property color selection: dark ? "#1E4B54" : "#BFDDE3"
    readonly property color shadow: dark ? "#66000000" : "#1A000000"
    // Under the pointer and while pressed, over any background.
    readonly property color hover: dark ? "#14FFFFFF" : "#0D000000"
    readonly property color pressed: dark ? "#26FFFFFF" : "#1A000000"

    readonly property real kvOpacity: 0.6
    readonly property real scratchOpacity: 0.35
    readonly property real disabledOpacity: 0.4

    readonly property int space1: 4
    readonly property int space2: 8
    readonly property int space3: 12
    readonly property int space4: 16
    readonly property int space5: 24
    readonly property int space6: 32

    readonly property int radius: 6
    readonly property int cardRadius: 10
    readonly property int hairline: 1
    readonly property int focusWidth: 2
    readonly property int controlHeight: Math.round(32 * Math.max(1, scale))
    readonly property int sendSize: Math.round(40 * Math.max(1, scale))
    readonly property int iconSize: Math.round(16 * Math.max(1, scale))
    readonly property int meterHeight: 6

    readonly property real textSize: systemTextSize * scale
    readonly property real smallSize: textSize * 0.85
    readonly property real titleSize: textSize * 1.25
    readonly property real answerLineHeight: 1.5
    readonly property real lineHeight: 1.35

    readonly property int readingWidth: Math.round(760 * Math.max(1, scale))
    readonly property real panelScale: Math.min(1.4, Math.max(1, scale))
    readonly property int rightPanelWidth: Math.round(300 * panelScale)
    readonly property int tooltipWidth: Math.round(420 * Math.max(1, scale))
    readonly property int statusHeight: Math.round(28 * Math.max(1, scale))
    readonly property int titleHeight: Math.round(48 * Math.max(1, scale))
    readonly property int narrowWidth: Math.round(820 * Math.max(1, scale))
    readonly property int wideWidth: Math.round(1100 * Math.max(1, scale))

    readonly property int motion: reducedMotion ? 0 : 120 // milliseconds
}
